{% set tracked = [
    'account_name', 'domain', 'industry', 'account_type', 'country', 'state', 'city', 'region',
    'founded_on', 'employee_count', 'annual_revenue_usd', 'owner_id', 'is_deleted',
    'merged_into_account_id',
] %}
-- Accounts of all CRMs as versions. A deletion or merge is a version like any other.
with accounts as (

    select * from {{ ref('stg_salesforce__account') }}

),

versions as (

    {{ version_intervals('accounts', 'account_id', tracked) | indent(4) }}

)

select
    account_id, {{ tracked | join(', ') }},
    min(valid_from) over (partition by account_id) as first_known_on,
    occurred_at, known_at, valid_from, valid_to
from versions
