-- Runs once, when PostgreSQL makes its data folder. Airflow's own database is POSTGRES_DB.
CREATE DATABASE mlflow;
CREATE DATABASE stageline;
