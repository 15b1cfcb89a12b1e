{#
  What happened within windows, as known on a day that each window names: a relation of account_id,
  company_id, as_of_date, horizon_days, labels_as_of, matured_on and merged_known_on, to which
  converted_on, converted_known_on and amount_cents are added. In new_business mode the first win
  counts, and an account that was a customer on the day already, as was learnt by labels_as_of,
  has no row.
#}
{% macro outcomes_of(windows) -%}
    (
        select
            * exclude (won_on, known_on, amount_cents),
            min(won_on) filter (won_on > as_of_date) as converted_on,
            arg_min(known_on, won_on) filter (won_on > as_of_date) as converted_known_on,
            arg_min(amount_cents, won_on) filter (won_on > as_of_date) as amount_cents
        from (
            select
                windows.*,
                win.won_on,
                min(win.first_known_on) as known_on,
                sum(win.amount_cents) as amount_cents
            from {{ windows }} as windows
            {{ left_join_version(
                ref('core_won_deal_version'), 'win',
                'windows.company_id = win.account_id and win.won_on <= windows.matured_on', 'windows.labels_as_of'
            ) }}
            group by all
        )
        group by all
        {%- if setting('mode') == 'new_business' %}
        having coalesce(bool_and(won_on > as_of_date), true)
        {%- endif %}
    )
{%- endmacro %}

{#
  Windows of eligible accounts: each row of `spine` at each of `horizons`, read on the day `labels_as_of`. A merged account
  has the label of the company that it turned out to be by then. Days before outcomes were recorded
  have none.
#}
{% macro windows_of(spine, labels_as_of) -%}
    (
        select
            spine.account_id,
            coalesce(merged.survivor_id, spine.account_id) as company_id,
            merged.valid_from as merged_known_on,
            spine.as_of_date,
            horizons.horizon_days,
            {{ labels_as_of }} as labels_as_of,
            spine.as_of_date + horizons.horizon_days as matured_on
        from {{ spine }} as spine
        cross join {{ horizons() }} as horizons
        {{ left_join_version(
            ref('core_account_survivor_version'), 'merged', 'spine.account_id = merged.account_id', labels_as_of
        ) }}
        where spine.is_eligible
            and spine.as_of_date >= date '{{ setting('recording_starts') }}'
            and spine.as_of_date + horizons.horizon_days <= {{ labels_as_of }}
    )
{%- endmacro %}
