-- Whether a person had a part in a win of the account within the primary horizon, as known on day T: a
-- role on the won opportunity. Where not one role is on record by T the account's win is everyone's; a win
-- on which nobody is named among others that name somebody says nothing of anyone: its people have no row.
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

    select lead_id, converted_contact_id as contact_id
    from {{ as_of_versions(ref('core_lead_version'), dates=labels_as_of()) }}
    where is_converted and converted_contact_id is not null
    union all
    select contact_id, merged_into_contact_id
    from {{ as_of_versions(ref('core_contact_version'), dates=labels_as_of()) }}
    where merged_into_contact_id is not null

),

roles as (

    select * from {{ as_of_versions(ref('core_opportunity_contact_role_version'), dates=labels_as_of()) }}

),

parts as (

    select
        won.account_id as company_id,
        won.won_on as converted_on,
        coalesce(became.contact_id, roles.contact_id) as contact_id,
        min(roles.valid_from) as part_known_on
    from {{ as_of_versions(ref('core_won_deal_version'), dates=labels_as_of()) }} as won
    inner join roles using (opportunity_id)
    left join became on roles.contact_id = became.lead_id
    group by all

),

named as (

    select distinct company_id, converted_on, true as is_named from parts

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
        -- that somebody had no part is known when the window has closed
        coalesce(parts.part_known_on, case when label_basis = 'role' then outcomes.matured_on end)
    ) as label_known_at
from {{ on_requested_dates(ref('spine_lead_day')) }} as spine
cross join basis
inner join outcomes using (account_id, as_of_date)
left join became on spine.lead_id = became.lead_id
left join named using (company_id, converted_on)
left join parts
    on outcomes.company_id = parts.company_id and outcomes.converted_on = parts.converted_on
    and coalesce(became.contact_id, spine.lead_id) = parts.contact_id
where outcomes.converted_on is null or named.is_named or label_basis = 'account'
