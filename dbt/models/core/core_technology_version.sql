{% set tracked = ['technology_category', 'first_detected_on', 'last_detected_on'] %}
-- Which technology was seen on which domain, as versions.
with detections as (

    select * from {{ ref('stg_technographics__technology_detection') }}

),

versions as (

    {{ version_intervals('detections', 'domain, technology', tracked) | indent(4) }}

)

select domain, technology, technology_category, first_detected_on, last_detected_on, valid_from, valid_to
from versions
