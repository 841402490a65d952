DROP VIEW daily_costs;
