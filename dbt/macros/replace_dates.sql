{#
  Incremental strategy: the requested days are rewritten, all others are left alone. dbt's own
  delete+insert deletes only the days that the new result holds, so a day that has no rows any
  more would keep its old ones. `replaced_days` widens the deletion for models that also recompute
  later days (account_scores_daily: the days whose score changes look back at a requested day).
  Delete and insert are one transaction.
#}
{% macro get_incremental_replace_dates_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arguments['target_relation'] }}
    where as_of_date in (
        {%- for days in config.get('replaced_days', [0]) %}
        select as_of_date + {{ days }} from {{ as_of_dates() }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    );
    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro %}
