{{ config(materialized='incremental', incremental_strategy='replace_dates',
          on_schema_change='append_new_columns', replaced_days=[0, 1, 7]) }}
-- Every score ever given, one row an account and day. A rewritten day changes what later days say
-- about the change since, so the days one and seven later are written again as well. A scorecard's
-- score and a model's stand on two scales: between them no change is said.
{% set days %}
    (
        select distinct requested.as_of_date + later.days as as_of_date
        from {{ as_of_dates() }} as requested
        cross join (select unnest([0, 1, 7]) as days) as later
    )
{% endset %}
with predictions as (

    select * from {{ source('scoring', 'account_predictions') }}

),

-- A day that failed its check was never seen by anybody: nothing is compared with it. The requested
-- days have their check before them.
judged as (

    select as_of_date from {{ source('scoring', 'passed_days') }}
    union
    select as_of_date from {{ as_of_dates() }}

),

earlier as (

    select account_id, as_of_date, score, score_basis
    from predictions
    where as_of_date in (
        select as_of_date - lag.days from {{ days }}, (select unnest([1, 7]) as days) as lag
    ) and as_of_date in (select as_of_date from judged)

),

accounts as (

    select * from {{ as_of_versions(ref('core_account_version'), dates=days) }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by as_of_date
            order by raw_probability desc nulls last, score desc nulls last, account_id
        )::integer as rank
    from predictions
    where as_of_date in (select as_of_date from {{ days }})

)

select
    ranked.account_id,
    accounts.account_name,
    accounts.domain,
    accounts.owner_id,
    ranked.as_of_date,
    ranked.score,
    ranked.win_probabilities,
    ranked.expected_days_to_close,
    ranked.band,
    ranked.grade,
    ranked.tier,
    ranked.segment,
    ranked.fit_score,
    ranked.engagement_score,
    ranked.intent_score,
    ranked.readiness_score,
    ranked.expected_deal_usd,
    ranked.expected_value_usd,
    ranked.people_known,
    ranked.people_engaged_90d,
    ranked.has_decision_maker_engaged,
    ranked.committee_coverage,
    ranked.committee_engaged,
    ranked.best_lead_id,
    ranked.best_lead_probability,
    ranked.leads_noisy_or,
    ranked.rank,
    ranked.score - day_before.score as score_change_1d,
    ranked.score - week_before.score as score_change_7d,
    ranked.reasons,
    ranked.raw_probability,
    ranked.contribution_base,
    ranked.contribution_fit,
    ranked.contribution_engagement,
    ranked.contribution_intent,
    ranked.contribution_relationship,
    ranked.flags,
    ranked.score_basis,
    ranked.scoring_model_version,
    ranked.is_restated,
    ranked.feature_contract_version,
    ranked.feature_digest,
    ranked.scored_at,
    ranked.run_id
from ranked
left join accounts
    on ranked.account_id = accounts.account_id and ranked.as_of_date = accounts.as_of_date
left join earlier as day_before
    on ranked.account_id = day_before.account_id and ranked.as_of_date = day_before.as_of_date + 1
    and ranked.score_basis = day_before.score_basis
left join earlier as week_before
    on ranked.account_id = week_before.account_id and ranked.as_of_date = week_before.as_of_date + 7
    and ranked.score_basis = week_before.score_basis
