DROP TABLE fact_proposals;
