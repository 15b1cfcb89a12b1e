-- What happened after the day, as known on day T (SCORING_LABELS_AS_OF), for each horizon h whose
-- window (as_of_date, as_of_date + h] has closed by T. Open windows have no row: they are censored,
-- never losses. Nor are days before outcomes were recorded.
-- In new_business mode the first win counts; an account that, as we learnt later, was a customer on
-- the day already has no row. An account that was excluded later keeps its label; one that was merged
-- until T has the label of the company that it turned out to be: wins of the survivor count.
{% set is_new_business = setting('mode') == 'new_business' %}
with windows as (

    select
        spine.account_id,
        coalesce(merged.survivor_id, spine.account_id) as company_id,
        merged.valid_from as merged_known_on,
        spine.as_of_date,
        horizons.horizon_days,
        known.as_of_date as labels_as_of,
        spine.as_of_date + horizons.horizon_days as matured_on
    from {{ on_requested_dates(ref('spine_account_day')) }} as spine
    cross join {{ horizons() }} as horizons
    cross join {{ labels_as_of() }} as known
    {{ left_join_version(
        ref('core_account_survivor_version'), 'merged', 'spine.account_id = merged.account_id', 'known.as_of_date'
    ) }}
    where spine.is_eligible
        and spine.as_of_date >= date '{{ setting('recording_starts') }}'
        and spine.as_of_date + horizons.horizon_days <= known.as_of_date

),

wins as (

    select
        account_id,
        won_on,
        min(first_known_on) as known_on,
        sum(amount_cents) as amount_cents,
        min(won_on) over (partition by account_id) as first_won_on
    from {{ as_of_versions(ref('core_won_deal_version'), dates=labels_as_of()) }}
    group by account_id, won_on

),

outcomes as (

    select
        windows.*,
        min(wins.won_on) as converted_on,
        arg_min(wins.known_on, wins.won_on) as converted_known_on,
        arg_min(wins.amount_cents, wins.won_on) as amount_cents
    from windows
    left join wins
        on windows.company_id = wins.account_id
        and wins.won_on > windows.as_of_date
        and wins.won_on <= windows.matured_on
        {%- if is_new_business %} and wins.won_on = wins.first_won_on {%- endif %}
    {%- if is_new_business %}
    where not exists (
        select 1 from wins as earlier
        where earlier.account_id = windows.company_id and earlier.won_on <= windows.as_of_date
    )
    {%- endif %}
    group by all

)

select
    account_id,
    as_of_date,
    horizon_days,
    labels_as_of,
    matured_on,
    converted_on is not null as is_converted,
    converted_on,
    amount_cents::double / 100 as won_amount_usd,
    -- a win may be known before its window closes, a loss only when it has closed; greatest() passes over null
    greatest(coalesce(converted_known_on, matured_on), merged_known_on) as label_known_at
from outcomes
