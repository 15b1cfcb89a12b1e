{{ config(
    materialized='incremental',
    incremental_strategy='replace_dates',
    on_schema_change='sync_all_columns',
) }}
-- The people that are scored and, with labels, learnt from: those of the scored accounts of the requested
-- days and their own features. Nothing of the account is among them, nor is anything of them in scoring_set.
select * from {{ leads_with_features() }}
