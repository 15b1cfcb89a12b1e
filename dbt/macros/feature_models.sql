{#
  The feature models, in the order in which their columns stand in training_set and scoring_set.
  A test compares this list with the files under models/features.
#}
{% macro feature_models() -%}
    {{ return([
        'feat_fit__firmographics',
        'feat_fit__market_heat',
        'feat_fit__coarse_attributes',
        'feat_relationship__won_deals',
        'feat_relationship__deal_amounts',
        'feat_relationship__deal_types',
    ]) }}
{%- endmacro %}

{# Eligible accounts of the requested days with the columns of all feature models beside them: what
   training and scoring both select from, so that they cannot come to differ. #}
{% macro eligible_with_features() -%}
    (
        select
            eligible.account_id,
            eligible.as_of_date
            {%- for model in feature_models() %},
            {{ model }}.* exclude (account_id, as_of_date)
            {%- endfor %}
        from {{ on_requested_dates(ref('spine_account_day')) }} as eligible
        {%- for model in feature_models() %}
        left join {{ on_requested_dates(ref(model)) }} as {{ model }}
            on eligible.account_id = {{ model }}.account_id and eligible.as_of_date = {{ model }}.as_of_date
        {%- endfor %}
        where eligible.is_eligible
    )
{%- endmacro %}
