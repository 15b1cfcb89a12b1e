{# The landed tables, vendor by vendor: what feed_health reports on. A test compares this with the
   declared landing sources. #}
{% macro landed_feeds() -%}
    {{ return([
        ('salesforce', 'account'),
        ('salesforce', 'account_history'),
        ('salesforce', 'contact'),
        ('salesforce', 'lead'),
        ('salesforce', 'opportunity'),
        ('salesforce', 'opportunity_history'),
        ('salesforce', 'opportunity_contact_role'),
        ('salesforce', 'task'),
        ('salesforce', 'event'),
        ('salesforce', 'campaign'),
        ('salesforce', 'campaign_member'),
        ('ga4', 'event'),
        ('bombora', 'company_surge'),
        ('technographics', 'technology_detection'),
    ]) }}
{%- endmacro %}
