DROP TABLE unsubscribed;
