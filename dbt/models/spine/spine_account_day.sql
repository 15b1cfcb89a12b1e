-- Every account known on the day, and whether it is scored. The first rule that applies is named.
with accounts as (

    select * from {{ as_of_versions(ref('core_account_version')) }}

),

customers as (

    select distinct as_of_date, account_id from {{ as_of_versions(ref('core_won_deal_version')) }}

),

ruled as (

    select
        accounts.account_id,
        accounts.as_of_date,
        case
            when accounts.merged_into_account_id is not null then 'merged'
            when accounts.is_deleted then 'deleted'
            when {{ is_domain_of('accounts.domain', setting('own_domains')) }} then 'our own company'
            when {{ is_domain_of('accounts.domain', setting('competitor_domains')) }} then 'competitor'
            when accounts.account_type in {{ text_list(setting('excluded_account_types')) }}
                then 'account type is ' || accounts.account_type
            {%- if setting('mode') == 'new_business' %}
            when customers.account_id is not null then 'already a customer'
            {%- endif %}
        end as exclusion_rule
    from accounts
    left join customers
        on accounts.account_id = customers.account_id and accounts.as_of_date = customers.as_of_date

)

select account_id, as_of_date, exclusion_rule is null as is_eligible, exclusion_rule
from ruled
