{# The landed tables, vendor by vendor: what feed_health reports on. A test compares this with the
   declared landing sources. #}
{% macro landed_feeds() -%}
    {{ return([
        ('salesforce', 'account'),
        ('salesforce', 'opportunity'),
        ('salesforce', 'opportunity_history'),
    ]) }}
{%- endmacro %}
