-- Whether a person had a part in a win of the account within the primary horizon, as known on day T: a
-- role on the won opportunity of any win in the window. Where not one role is on record by T the account's
-- win is everyone's; where none of the window's wins names anybody, among others that do, nothing is said of
-- anyone: its people have no row.
with outcomes as (

    select outcome.*, known.as_of_date as known_as_of, coalesce(merged.survivor_id, outcome.account_id) as company_id
    from {{ on_requested_dates(ref('label_conversion')) }} as outcome
    cross join {{ labels_as_of() }} as known
    {{ left_join_version(
        ref('core_account_survivor_version'), 'merged', 'outcome.account_id = merged.account_id', 'known.as_of_date'
    ) }}
    where outcome.horizon_days = {{ setting('primary_horizon_days') }}

),

-- who is whom by T
became as (

    select * from {{ contacts_of_people(ref('core_lead_version'), ref('core_contact_version'), labels_as_of()) }}

),

roles as (

    select * from {{ as_of_versions(ref('core_opportunity_contact_role_version'), dates=labels_as_of()) }}

),

-- a customer may win more than once in a window, and not the same people
parts as (

    select
        outcomes.account_id,
        outcomes.as_of_date,
        coalesce(became.contact_id, roles.contact_id) as contact_id,
        min(greatest(roles.valid_from, won.first_known_on)) as part_known_on
    from outcomes
    inner join {{ as_of_versions(ref('core_won_deal_version'), dates=labels_as_of()) }} as won
        on outcomes.company_id = won.account_id
        and outcomes.as_of_date < won.won_on and won.won_on <= outcomes.matured_on
    inner join roles using (opportunity_id)
    left join became on roles.contact_id = became.person_id
    group by all

),

named as (

    select account_id, as_of_date, min(part_known_on) as named_known_on from parts group by all

),

basis as (

    select case when count(*) > 0 then 'role' else 'account' end as label_basis from roles

)

select
    spine.lead_id,
    spine.as_of_date,
    spine.account_id,
    outcomes.horizon_days,
    outcomes.labels_as_of,
    outcomes.matured_on,
    outcomes.converted_on is not null and (parts.contact_id is not null or label_basis = 'account') as is_converted,
    basis.label_basis,
    greatest(
        outcomes.label_known_at,
        coalesce(
            parts.part_known_on,
            -- that somebody had no part is known when the window has closed and others are named
            case when label_basis = 'role' then greatest(outcomes.matured_on, named.named_known_on) end
        )
    ) as label_known_at
from {{ on_requested_dates(ref('spine_lead_day')) }} as spine
cross join basis
inner join outcomes using (account_id, as_of_date)
left join became on spine.lead_id = became.person_id
left join named using (account_id, as_of_date)
left join parts
    on spine.account_id = parts.account_id and spine.as_of_date = parts.as_of_date
    and coalesce(became.contact_id, spine.lead_id) = parts.contact_id
where outcomes.converted_on is null or named.named_known_on is not null or label_basis = 'account'
