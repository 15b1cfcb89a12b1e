{#
  What happened in windows of eligible accounts, for trainings (label_conversion) and for days whose
  window has just closed (label_when_closed). Both read core through left_join_version.
#}

{#
  Windows: each row of `spine` at each horizon, to be read on the day `labels_as_of`, by which it must
  have closed. An account that was merged by then (`survivors`) has the label of the company that it
  turned out to be. Days before outcomes were recorded have none.
#}
{% macro windows_of(survivors, spine, labels_as_of) -%}
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
        {{ left_join_version(survivors, 'merged', 'spine.account_id = merged.account_id', labels_as_of) }}
        where spine.is_eligible
            and spine.as_of_date >= date '{{ setting('recording_starts') }}'
            and spine.as_of_date + horizons.horizon_days <= {{ labels_as_of }}
    )
{%- endmacro %}

{#
  converted_on, converted_known_on and amount_cents of each of `windows`, by the `wins` known on its
  labels_as_of. In new_business mode an account that, as was learnt by then, was a customer on the
  day already has no row, and so the first win counts. Where its amount is unknown, so is amount_cents:
  arg_min would pass over it and take that of a later win.
#}
{% macro outcomes_of(wins, windows) -%}
    (
        select
            * exclude (won_on, known_on, amount_cents),
            min(won_on) filter (won_on > as_of_date) as converted_on,
            arg_min(known_on, won_on) filter (won_on > as_of_date) as converted_known_on,
            arg_min_null(amount_cents, won_on) filter (won_on > as_of_date) as amount_cents
        from (
            select
                windows.*,
                win.won_on,
                min(win.first_known_on) as known_on,
                sum(win.amount_cents) as amount_cents
            from {{ windows }} as windows
            {{ left_join_version(
                wins, 'win', 'windows.company_id = win.account_id and win.won_on <= windows.matured_on', 'windows.labels_as_of'
            ) }}
            group by all
        )
        group by all
        {%- if setting('mode') == 'new_business' %}
        having coalesce(bool_and(won_on > as_of_date), true)
        {%- endif %}
    )
{%- endmacro %}
