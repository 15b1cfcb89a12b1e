{{ config(
    materialized='incremental',
    incremental_strategy='replace_dates',
    on_schema_change='sync_all_columns',
) }}
-- What is scored: the eligible accounts of the requested days and their features.
select * from {{ eligible_with_features() }}
