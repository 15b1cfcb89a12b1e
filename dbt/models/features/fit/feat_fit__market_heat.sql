-- How many deals were won in the last 365 days per account known, in the account's industry and
-- region, relative to the whole market; and the whole market's own rate. Over all accounts known on
-- the day, not only the eligible ones. A group of few accounts is drawn towards the market (as if 50
-- more accounts of the market's rate were in it). Null for an account without industry or region.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

accounts as (

    select * from {{ as_of_versions(ref('core_account_version'), days_of_build()) }} where not is_deleted

),

recent_wins as (

    select account_id, as_of_date, count(*) as won_deals
    from {{ as_of_versions(ref('core_won_deal_version'), days_of_build()) }}
    where as_of_date - won_on < 365
    group by all

),

account_wins as (

    select
        accounts.account_id,
        accounts.as_of_date,
        accounts.industry,
        accounts.region,
        coalesce(recent_wins.won_deals, 0) as won_deals
    from accounts
    left join recent_wins using (account_id, as_of_date)

),

groups as (

    select
        as_of_date,
        industry,
        region,
        grouping(industry, region) as level,
        count(*) as accounts,
        sum(won_deals)::bigint as won_deals
    from account_wins
    group by grouping sets ((as_of_date, industry), (as_of_date, region), (as_of_date))

),

market as (

    select as_of_date, accounts, won_deals from groups where level = 3

),

heat as (

    select
        groups.as_of_date,
        groups.level,
        groups.industry,
        groups.region,
        (groups.won_deals + 50 * market.won_deals::double / market.accounts)
        / (groups.accounts + 50) * market.accounts / nullif(market.won_deals, 0) as heat
    from groups
    inner join market using (as_of_date)

)

select
    eligible.account_id,
    eligible.as_of_date,
    by_industry.heat as industry_heat_365d,
    by_region.heat as region_heat_365d,
    market.won_deals::double / market.accounts as market_heat_365d
from eligible
left join account_wins using (account_id, as_of_date)
left join market using (as_of_date)
left join heat as by_industry
    on account_wins.as_of_date = by_industry.as_of_date
    and account_wins.industry = by_industry.industry and by_industry.level = 1
left join heat as by_region
    on account_wins.as_of_date = by_region.as_of_date
    and account_wins.region = by_region.region and by_region.level = 2
