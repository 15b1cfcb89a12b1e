{{ config(materialized='view') }}
-- What had happened in each window, as known on the very day it closed: later landed rows change
-- nothing of it. A view, asked for single days.
with windows as (

    select *
    from {{ windows_of(
        ref('core_account_survivor_version'), ref('spine_account_day'), '(spine.as_of_date + horizons.horizon_days)'
    ) }}

)

select
    account_id,
    as_of_date,
    horizon_days,
    matured_on,
    converted_on is not null as is_converted
from {{ outcomes_of(ref('core_won_deal_version'), 'windows') }}
