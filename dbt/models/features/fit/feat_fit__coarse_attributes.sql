-- Attributes that people fill in later, coarsened so that their detail does not tell who filled them in
-- well. *Snapshot* features where the CRM keeps no history. A gap stays a gap here: the encoder fills
-- it neutrally (models/encoding.py), and reasons say that nothing is on record.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

accounts as (

    select * from {{ as_of_versions(ref('core_account_version'), days_of_build()) }} where not is_deleted

),

large_regions as (

    select as_of_date, region
    from accounts
    where region is not null
    group by as_of_date, region
    qualify row_number() over (partition by as_of_date order by count(*) desc, region) <= 12

),

coarse as (

    select
        accounts.account_id,
        accounts.as_of_date,
        -- whole years: exact founding days are known for few, and those are not like the others
        case when accounts.founded_on is not null
            then least(greatest(year(accounts.first_known_on) - year(accounts.founded_on), 0), 30)::integer
        end as age_when_known_years,
        case
            when large_regions.region is not null then accounts.region
            when accounts.region is not null then 'elsewhere'
        end as region_group
    from accounts
    left join large_regions
        on accounts.as_of_date = large_regions.as_of_date and accounts.region = large_regions.region

)

select
    eligible.account_id,
    eligible.as_of_date,
    coarse.age_when_known_years,
    coarse.region_group
from eligible
left join coarse using (account_id, as_of_date)
