{{ config(
    materialized='incremental',
    incremental_strategy='replace_dates',
    on_schema_change='sync_all_columns',
) }}
-- What is scored and, with labels, learnt from: the eligible accounts of the requested days and their
-- features. One table for both, so that they cannot come to differ.
select * from {{ eligible_with_features() }}
