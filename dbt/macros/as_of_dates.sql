{#
  Which days this run computes: SCORING_AS_OF_DATES ("2011-03-31,2011-04-01"), read while a
  statement is compiled, so that each build may ask for other days of one parsed manifest. Many
  days are one relation to join with, never a loop.
#}
{% macro requested_dates() -%}
    {%- set days = [] -%}
    {%- if execute -%}
        {%- for day in env_var('SCORING_AS_OF_DATES', '').split(',') if day | trim -%}
            {%- do days.append(modules.datetime.date.fromisoformat(day | trim) | string) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(days | unique | sort) }}
{%- endmacro %}

{# The requested days as a relation with the column as_of_date. #}
{% macro as_of_dates() -%}
    {%- set days = requested_dates() -%}
    {%- if days -%}
        (select unnest([{% for day in days %}date '{{ day }}'{{ ', ' if not loop.last }}{% endfor %}]) as as_of_date)
    {%- else -%}
        {{ last_known_date() }}
    {%- endif -%}
{%- endmacro %}

{#
  The requested days as a table that every build makes before its features: what feature views read,
  so that a view made once is right for whatever days are asked for next.
#}
{% macro days_of_build() -%}
    (select as_of_date from {{ ref('int_feeds__known_by_day') }})
{%- endmacro %}

{# Each of the dates with each age of a day before it: as_of_date, days_ago (0 is the day itself). #}
{% macro days_before_dates(days, dates=none) -%}
    (select as_of_date, days_ago from {{ dates or as_of_dates() }} cross join range({{ days }}) as ages(days_ago))
{%- endmacro %}

{# The days that lie `days` days before the dates. #}
{% macro dates_before(days, dates) -%}
    (select as_of_date - {{ days }} as as_of_date from {{ dates }})
{%- endmacro %}

{#
  By hand (`dbt build` with nothing set) the last day known in core is computed. Not through ref():
  every model that asks is downstream of core anyway, and a ref would draw an edge from
  core_account_version to each of them.
#}
{% macro last_known_date() -%}
    (select max(known_at) as as_of_date from {{ target.database }}.core.core_account_version)
{%- endmacro %}

{# The day T at which labels are read: what was known of outcomes on that day. #}
{% macro labels_as_of() -%}
    {%- set day = env_var('SCORING_LABELS_AS_OF', '') | trim if execute else '' -%}
    {%- if day -%}
        (select date '{{ modules.datetime.date.fromisoformat(day) }}' as as_of_date)
    {%- else -%}
        (select max(as_of_date) as as_of_date from {{ as_of_dates() }})
    {%- endif -%}
{%- endmacro %}

{# The same for views of features: the rows of the build's days. #}
{% macro on_days_of_build(relation) -%}
    (select * from {{ relation }} where as_of_date in {{ days_of_build() }})
{%- endmacro %}

{# The rows of the requested days of a relation that is kept by as_of_date. #}
{% macro on_requested_dates(relation) -%}
    (select * from {{ relation }} where as_of_date in (select as_of_date from {{ as_of_dates() }}))
{%- endmacro %}
