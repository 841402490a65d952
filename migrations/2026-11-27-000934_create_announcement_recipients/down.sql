DROP TABLE announcement_recipients;
