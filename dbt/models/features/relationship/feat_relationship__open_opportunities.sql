-- What is being negotiated: of several open opportunities the one that has come furthest speaks.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select * from {{ ref('int_feeds__known_by_day') }}

),

open_ones as (

    select *
    from {{ ref('int_relationship__opportunity') }}
    where status = 'open'

),

roles as (

    select
        as_of_date,
        opportunity_id,
        contact_id,
        role in ('Decision Maker', 'Economic Decision Maker', 'Economic Buyer', 'Executive Sponsor') as is_decision_maker
    from {{ as_of_versions(ref('core_opportunity_contact_role_version'), days_of_build()) }}

),

people as (

    select
        open_ones.as_of_date,
        open_ones.account_id,
        count(distinct roles.contact_id) as contact_roles_on_open,
        count(distinct roles.contact_id) filter (roles.is_decision_maker) as decision_makers_on_open
    from open_ones
    inner join roles using (as_of_date, opportunity_id)
    group by all

),

furthest as (

    select *, count(*) over (partition by as_of_date, account_id) as open_opportunities,
        sum(amount_cents) over (partition by as_of_date, account_id) as open_amount_cents
    from open_ones
    qualify row_number() over (
        partition by as_of_date, account_id
        order by stage_number desc nulls last, opened_on nulls last, opportunity_id
    ) = 1

)

select
    account_id,
    as_of_date,
    {{ counted('furthest.open_opportunities', 'feeds.has_opportunities') }} as open_opportunities,
    furthest.stage_number as open_stage_number,
    {{ counted('people.contact_roles_on_open', 'feeds.has_contact_roles') }} as contact_roles_on_open,
    {{ counted('people.decision_makers_on_open', 'feeds.has_contact_roles') }} as decision_makers_on_open,
    (as_of_date - furthest.in_stage_since)::integer as days_in_open_stage,
    (as_of_date - furthest.opened_on)::integer as days_since_opened,
    furthest.open_amount_cents::double / 100 as open_amount_usd
from eligible
left join feeds using (as_of_date)
left join furthest using (account_id, as_of_date)
left join people using (account_id, as_of_date)
