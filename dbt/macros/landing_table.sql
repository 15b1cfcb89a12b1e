{#
  Landed Parquet as a relation. The dbt source stands for lineage (and for unit tests, whose
  fixtures replace it); the path is put in while a statement is compiled, because a source's
  external_location would be frozen in the manifest and a home may be moved. `ds` is a column in
  the files, so the folder name is not parsed; _schema.parquet (no rows) keeps the glob from
  coming up empty and gives old files the columns that were declared later.
#}
{% macro landing_table(vendor, table) -%}
    {%- set declared = source('landing', vendor ~ '__' ~ table) -%}
    {{ return(parquet_or_fixture(declared, 'landing/' ~ vendor ~ '/' ~ table)) }}
{%- endmacro %}

{# Rows that landing refused, of all vendors. #}
{% macro quarantine_table() -%}
    {{ return(parquet_or_fixture(source('landing', 'quarantine'), 'quarantine')) }}
{%- endmacro %}

{% macro parquet_or_fixture(declared, folder) -%}
    {%- if not execute or '__dbt__cte__' in declared | string -%}
        {{ return(declared) }}
    {%- endif -%}
    {%- set home = env_var('SCORING_HOME', '.scoring') | replace("'", "''") -%}
    {{ return("read_parquet('" ~ home ~ "/" ~ folder ~ "/**/*.parquet', union_by_name = true, hive_partitioning = false)") }}
{%- endmacro %}
