{{ config(materialized='table') }}
-- Which feeds had ever told anything by each requested day: where one had not, its features are null
-- and not zero. Only the days of this build are kept.
with first_known as (

    select
        {{ first_event_known_on(ref('core_web_event')) }} as web_events,
        {%- for kind, types in activity_kinds().items() %}
        {{ first_event_known_on(ref('core_activity'), 'activity_type in ' ~ text_list(types)) }} as {{ kind }},
        {%- endfor %}
        {{ first_event_known_on(ref('core_intent_signal')) }} as intent_signals,
        {{ first_version_known_on(ref('core_technology_version')) }} as technologies,
        {{ first_version_known_on(ref('core_contact_version')) }} as contacts,
        {{ first_version_known_on(ref('core_lead_version')) }} as leads,
        {{ first_version_known_on(ref('core_opportunity_version')) }} as opportunities,
        {{ first_version_known_on(ref('core_opportunity_contact_role_version')) }} as contact_roles

)

select
    requested.as_of_date,
    {%- for feed in ['web_events'] + activity_kinds() | list + ['intent_signals', 'technologies', 'contacts', 'leads', 'opportunities', 'contact_roles'] %}
    coalesce(first_known.{{ feed }} <= requested.as_of_date, false) as has_{{ feed }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ as_of_dates() }} as requested
cross join first_known
