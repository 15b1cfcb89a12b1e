{# Which types of core_activity and core_web_event count as what. #}

{# Types by the part of the CRM that brings them: where none of a part is known, it is no feed of the home. #}
{% macro activity_kinds() -%}
    {{ return({
        'activities': response_types() + touch_types() + ['meeting_no_show'],
        'emails': ['email_sent', 'email_reply'],
        'calls': ['call_connected', 'call_attempted'],
        'meetings': ['meeting', 'meeting_no_show'],
        'campaigns': ['webinar_attended', 'event_attended', 'content_response', 'campaign_response'],
    }) }}
{%- endmacro %}

{# What people of the account did of their own will. #}
{% macro response_types() -%}
    {{ return([
        'email_reply', 'call_connected', 'meeting', 'webinar_attended', 'event_attended', 'content_response',
        'campaign_response',
    ]) }}
{%- endmacro %}

{# What sales did of itself. A meeting takes two, and more of them must not lower a score (models/monotone.py). #}
{% macro touch_types() -%}
    {{ return(['email_sent', 'call_attempted', 'call_connected']) }}
{%- endmacro %}

{# Pages that somebody reads who might buy: not for a job, not to log in. #}
{% macro page_view_types() -%}
    {{ return(['page_view', 'pricing_view', 'docs_view', 'product_view', 'blog_view']) }}
{%- endmacro %}
