{#
  Staging tables of large feeds hold what has been landed file by file: a build reads the files that the
  table does not hold yet and drops the rows of files that are gone (held back, landed anew), so that a day
  costs what the day costs. A file is named `ds=<day>/<hash>@<hash of the model>`: when the model's SQL
  changes, all files count as new. (A changed macro does not: then build once with --full-refresh.)
#}
{% macro landing_file() -%}
    'ds=' || ds::date || '/' || source_sha256[:16] || '@{{ model_digest() }}'
{%- endmacro %}

{% macro model_digest() -%}
    {{ return(local_md5(model.raw_code)[:8] if execute else '') }}
{%- endmacro %}

{# The files of a landed table as they lie there now: path and landing_file. #}
{% macro landing_files(vendor, table) -%}
    {%- set home = env_var('SCORING_HOME', '.scoring') | replace("'", "''") -%}
    (
        select file as path, regexp_extract(file, '(ds=[^/]+/[^/]+)[.]parquet$', 1) || '@{{ model_digest() }}' as landing_file
        from glob('{{ home }}/landing/{{ vendor }}/{{ table }}/ds=*/*.parquet')
    )
{%- endmacro %}

{# The files of all landed tables; landing_file says the table too. #}
{% macro files_of_all_feeds() -%}
    {%- set home = env_var('SCORING_HOME', '.scoring') | replace("'", "''") -%}
    (
        select file as path, regexp_extract(file, '([^/]+/[^/]+/ds=[^/]+/[^/]+)[.]parquet$', 1) || '@{{ model_digest() }}' as landing_file
        from glob('{{ home }}/landing/*/*/ds=*/*.parquet')
    )
{%- endmacro %}

{# Some columns of the rows of all landed files that the table being built does not hold, with vendor and table_name. #}
{% macro new_rows_of_all_feeds(columns) -%}
    {%- set home = env_var('SCORING_HOME', '.scoring') -%}
    {%- set paths = [] -%}
    {%- for vendor, table in landed_feeds() -%}
        {%- do source('landing', vendor ~ '__' ~ table) -%}
        {%- do paths.append(home ~ '/landing/' ~ vendor ~ '/' ~ table ~ '/_schema.parquet') -%}
    {%- endfor -%}
    {%- set unread -%}
        select path from {{ files_of_all_feeds() }}
        {%- if is_incremental() %} where landing_file not in (select landing_file from {{ this }}) {%- endif %}
        order by path
    {%- endset -%}
    {%- if execute -%}{%- set paths = paths + (run_query(unread).columns[0].values() | list) -%}{%- endif -%}
    (
        select split_part(filename, '/', -4) as vendor, split_part(filename, '/', -3) as table_name, {{ columns }}
        from read_parquet(
            ['{{ paths | map('replace', "'", "''") | join("', '") }}'],
            union_by_name = true, hive_partitioning = false, filename = true
        )
    )
{%- endmacro %}

{# How many new files or periods are taken at most, when a large import is built in parts
   (dagster_project/large_feeds.py); a build without parts takes the rest. #}
{% macro most_new() -%}
    {{ return(env_var('SCORING_MOST_NEW', '') | trim | int if execute else 0) }}
{%- endmacro %}

{# The rows of the landed files that the table being built does not hold; see landing_table for sources and fixtures. #}
{% macro new_landing_rows(vendor, table) -%}
    {%- set declared = source('landing', vendor ~ '__' ~ table) -%}
    {%- if not execute or '__dbt__cte__' in declared | string -%}
        {{ return(declared) }}
    {%- endif -%}
    {%- set unread -%}
        select path from {{ landing_files(vendor, table) }}
        {%- if is_incremental() %} where landing_file not in (select landing_file from {{ this }}) {%- endif %}
        order by path {% if most_new() %} limit {{ most_new() }} {% endif %}
    {%- endset -%}
    {%- set home = env_var('SCORING_HOME', '.scoring') -%}
    {%- set paths = [home ~ '/landing/' ~ vendor ~ '/' ~ table ~ '/_schema.parquet'] + (run_query(unread).columns[0].values() | list) -%}
    {{ return("read_parquet(['" ~ paths | map('replace', "'", "''") | join("', '") ~ "'], union_by_name = true, hive_partitioning = false)") }}
{%- endmacro %}

{# Incremental strategy of those tables. Delete and insert are one transaction. #}
{% macro get_incremental_replace_files_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    {%- set feed = config.get('feed') -%}
    delete from {{ arguments['target_relation'] }}
    where landing_file not in (select landing_file from {{ landing_files(feed[0], feed[1]) if feed else files_of_all_feeds() }});
    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro %}

{#
  Core tables on top of them are rebuilt a period (event_date, week_on) at a time: each row holds the digest
  of the files, rules and SQL that its period was built from; periods whose digest is another one now are
  built again as a whole. So a table built day by day is the one built at once.
#}
{% macro period_digests(period, staged, rules=none) -%}
    (
        select
            {{ period }},
            md5(string_agg(landing_file, ',' order by landing_file) || '{{ model_digest() }}'
                {%- if rules %} || (select coalesce(string_agg(rule::varchar, ',' order by rule::varchar), '') from {{ rules }} as rule) {%- endif -%}
            )[:16] as landing_digest
        from (select distinct {{ period }}, landing_file from {{ staged }}) as files
        group by {{ period }}
    )
{%- endmacro %}

{# The digests of the periods that have to be built: all of them, or those that the table does not hold as they are. #}
{% macro unbuilt_periods(period, staged, rules=none) -%}
    (
        select * from {{ period_digests(period, staged, rules) }} as digests
        {%- if is_incremental() %}
        where ({{ period }}, landing_digest) not in (select distinct {{ period }}, landing_digest from {{ this }})
        {%- endif %}
        {%- if most_new() %}
        order by {{ period }} limit {{ most_new() }}
        {%- endif %}
    )
{%- endmacro %}

{# Incremental strategy of those tables. Delete and insert are one transaction. #}
{% macro get_incremental_replace_periods_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    {%- set period = config.get('period') -%}
    {%- set staged, rules = ref(config.get('staged')), ref(config.get('rules')) if config.get('rules') -%}
    delete from {{ arguments['target_relation'] }}
    where ({{ period }}, landing_digest) not in (select {{ period }}, landing_digest from {{ period_digests(period, staged, rules) }});
    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro %}
