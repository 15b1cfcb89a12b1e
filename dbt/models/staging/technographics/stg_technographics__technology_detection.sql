-- One row a landed detection of a technology on a domain.
with landed as (

    select * from {{ landing_table('technographics', 'technology_detection') }}

),

renamed as (

    select
        {{ to_domain('domain') }} as domain,
        {{ to_text('technology') }} as technology,
        {{ to_attribute('category') }} as technology_category,
        first_detected::date as first_detected_on,
        last_detected::date as last_detected_on,
        coalesce(last_detected, first_detected)::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

),

named as (

    select * from renamed where domain is not null and technology is not null

)

{{ one_landed_state('named', 'domain, technology') }}
