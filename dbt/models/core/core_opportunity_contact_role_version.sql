{% set tracked = ['opportunity_id', 'contact_id', 'role', 'is_primary', 'is_deleted'] %}
-- Who plays which part in an opportunity, as versions; a deleted role has none.
with roles as (

    select * from {{ ref('stg_salesforce__opportunity_contact_role') }}

),

versions as (

    {{ version_intervals('roles', 'contact_role_id', tracked) | indent(4) }}

)

select opportunity_id, contact_id, role, is_primary, valid_from, valid_to
from versions
where not is_deleted and opportunity_id is not null and contact_id is not null
