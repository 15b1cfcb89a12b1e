{% set tracked = [
    'account_id', 'opportunity_name', 'opportunity_type', 'stage', 'amount_cents', 'is_in_usd', 'close_on',
    'created_at', 'is_closed', 'is_won', 'loss_reason', 'stage_position', 'is_deleted',
] %}
-- Opportunities of all CRMs as versions.
with opportunities as (

    select
        * replace (coalesce(is_won, stage in {{ text_list(setting('won_stages')) }}) as is_won),
        {{ stage_position('stage') }} as stage_position
    from {{ ref('stg_salesforce__opportunity') }}

),

versions as (

    {{ version_intervals('opportunities', 'opportunity_id', tracked) | indent(4) }}

)

select
    opportunity_id, {{ tracked | join(', ') }},
    occurred_at, known_at, valid_from, valid_to
from versions
