"""The kinds of things that a demo world plants: how each is found in landing, and what is counted of it in the warehouse.

Belongs here: one entry a kind, in SQL on the views of demo_pollution.py. Does not belong here: running and printing them
(demo_pollution.py), how things are planted (dagster_project/demo).
"""

from __future__ import annotations

from dataclasses import dataclass

_BY_ID = """
select count(distinct record_id) as records, count(distinct record_id || source_sha256 || source_line) as rows
from mine inner join landed_record using (table_name, record_id) where {}
"""
_SESSIONS = "select count(*) as records, sum(l.rows) as rows from mine inner join landed_session l on record_id = session_id"
_VISITORS = """
select count(distinct record_id) as records, sum(l.rows) as rows from mine inner join landed_session l on record_id = visitor_id
"""
_WHOSE = """
select
    count(*) as sessions,
    count(*) filter (bot_events = events) as bots,
    count(session.account_id) as counted,
    count(*) filter (account.is_eligible) as scored,
    count(session.by_person) as by_person,
    count(*) filter (account.company_number = visitor.company_number) as right_company,
    count(*) filter (account.exclusion_rule = 'competitor') as competitors,
    count(*) filter (session.by_person is null and session.by_domain is not null) as by_domain,
    sum(events) as events,
    sum(bot_events) as bot_events,
    sum(events - bot_events) as slip,
    count(*) filter (bot_events < events and session.account_id is null) as nobodys
from mine inner join session on mine.record_id = session.{}
left join account using (account_id)
left join identity as visitor on visitor.kind = 'visitor' and visitor.id = session.visitor_id
"""
_ACCOUNTS = """
select
    count(*) filter (not is_eligible) as excluded, count(*) filter (is_eligible) as scored, count(*) as accounts,
    coalesce(any_value(exclusion_rule) filter (not is_eligible), 'no rule applies') as rule
from mine inner join account on key = account_id
"""
_LEADS = """
select
    count(*) as leads,
    count(*) filter (lead.is_free_mail) as recognised,
    count(person.account_id) as matched,
    count(*) filter (account.company_number = identity.company_number) as right_company,
    count(*) filter (identity.company_number is null) as of_nobody,
    count(*) filter (identity.company_number is not null and person.account_id is null) as missed,
    count(*) filter (person.account_id is null) as unmatched
from mine
inner join core.core_lead_version as lead on key = lead.lead_id and lead.valid_to is null
inner join identity on identity.kind = 'lead' and identity.id = record_id
left join person on key = person.person_id
left join account on person.account_id = account.account_id
"""


@dataclass(frozen=True)
class Kind:
    """How a kind of planted records is found in landing, what is counted of it in the warehouse, and in which words.

    `mine` in the queries are the planted records of the kind; `becomes` gives one row, whose columns `words` names.
    """

    found: str
    becomes: str
    words: str


KINDS = {
    "duplicate account": Kind(
        _BY_ID.format("true"),
        """
        select
            count(*) filter (account.exclusion_rule = 'merged') as merged,
            count(*) filter (account.is_eligible and original.is_eligible) as twice,
            count(*) filter (account.is_eligible and original.exclusion_rule = 'already a customer') as of_customers,
            count(*) filter (account.is_eligible) as scored,
            (select count(*) from datasets.training_set where account_id in (select key from mine)) as training_rows,
            coalesce(sum((select count(*) from core.core_activity a where a.account_id = key and a.superseded_on is null))
                filter (account.exclusion_rule is distinct from 'merged'), 0) as activities,
            coalesce(sum((select count(*) from person where person.account_id = key)), 0) as people
        from mine inner join account on key = account_id
        left join account as original on account.company_number = original.company_number
            and original.account_id not in (select key from mine)
        """,
        "merged away and excluded: {merged}. Slips through: {scored} are scored as accounts of their own ({twice} beside their "
        "first account, {of_customers} although the company is a customer), with {activities} activities and {people} people "
        "that belong to the first; {training_rows} rows of training data are theirs",
    ),
    "merge": Kind(
        _BY_ID.format("master_record_id is not null"),
        """
        select
            count(*) filter (exclusion_rule = 'merged') as merged, count(*) filter (is_eligible) as scored,
            (select count(*) from person semi join mine on person.account_id = mine.key) as people,
            (select count(*) from spine.spine_account_day s inner join mine on s.account_id = mine.key
                where s.is_eligible and s.as_of_date >= (select min(known_at) from landed_record l
                    where l.record_id = mine.record_id and l.master_record_id is not null)) as afterwards
        from mine inner join account on key = account_id
        """,
        "excluded as merged: {merged}; still scored: {scored} (on any built day after the merge: {afterwards}); people left "
        "with them: {people}",
    ),
    "late row": Kind(
        _BY_ID.format("known_at > system_modstamp::date"),
        """
        with late as (
            select key, max(known_at) as arrived, min(known_at) as first_known
            from mine inner join landed_record using (table_name, record_id) group by key
            having max(known_at - system_modstamp::date) > 0
        ),
        told as (
            select activity_id as key, known_at from core.core_activity
            union all select contact_id, valid_from from core.core_contact_version
        )
        select
            count(distinct late.key) filter (told.known_at >= late.first_known) as in_time,
            count(distinct late.key) filter (told.known_at < late.first_known) as too_early,
            count(distinct late.key) filter (told.key is null) as uncounted
        from late left join told using (key)
        """,
        "counted from the day of arrival on: {in_time}; before it: {too_early}; of no kind that counts (unanswered "
        "campaigns): {uncounted}",
    ),
    "corrected row": Kind(
        """
        select count(*) as records, sum(rows) as rows from (
            select record_id, max(rows) as rows from (
                select record_id, source_sha256, count(distinct source_line) as rows
                from mine inner join landed_record using (table_name, record_id) group by all
            ) group by record_id having max(rows) > 1
        )
        """,
        """
        with told as (
            select opportunity_id as key, occurred_at, valid_from, valid_to from core.core_opportunity_version
            union all select lead_id, occurred_at, valid_from, valid_to from core.core_lead_version
        ),
        records as (
            select
                key, count(*) filter (valid_to is not null) as superseded, count(*) filter (valid_to is null) as current,
                max(told.occurred_at) filter (valid_to is null) as shown
            from mine inner join told using (key) group by key
        ),
        sent as (
            select key, max(occurred_at) as newest from mine inner join landed_record using (table_name, record_id) group by key
        )
        select
            coalesce(sum(superseded), 0) as superseded, count(*) filter (shown = newest) as newest,
            count(*) filter (shown is distinct from newest) as stale, count(*) filter (current > 1) as twice
        from records inner join sent using (key)
        """,
        "records that show the newest version: {newest}, an older one: {stale}, two at once: {twice}; superseded versions "
        "that still hold for their own days: {superseded}",
    ),
    "free-mail lead": Kind(
        _BY_ID.format("true"),
        _LEADS,
        "known as free mail: {recognised}; matched to an account (by conversion): {matched}, the right one for "
        "{right_company}; to none: {unmatched}, of which {missed} come from a company that we have and are lost for it, the "
        "others are consumers",
    ),
    "student lead": Kind(
        _BY_ID.format("true"),
        _LEADS,
        "matched to an account: {matched}; to none: {unmatched}",
    ),
    "own staff visit": Kind(
        _SESSIONS,
        _WHOSE.format("session_id"),
        "kept in core, not marked as staff; our own domain stands for no account: {nobodys} sessions count for nobody, "
        "{counted} for an account",
    ),
    "competitor visit": Kind(
        _SESSIONS,
        _WHOSE.format("session_id"),
        "kept in core, not marked; {competitors} sessions count for a competitor's account, which is not scored, {nobodys} for "
        "nobody, {scored} for a scored account",
    ),
    "student visit": Kind(
        _SESSIONS,
        _WHOSE.format("session_id"),
        "kept in core, not marked; {nobodys} sessions count for nobody, {counted} for an account",
    ),
    "consumer visit": Kind(
        _VISITORS,
        _WHOSE.format("visitor_id"),
        "kept in core, not marked; {nobodys} sessions count for nobody, {counted} for an account",
    ),
    "ISP traffic": Kind(
        _SESSIONS,
        _WHOSE.format("session_id"),
        "the provider's domain stands for no account (sessions counted by it: {by_domain}); {by_person} sessions count for the "
        "account of a person known by name ({right_company} for the visitor's company), {nobodys} for nobody, {bots} are bots' "
        "and scanners'",
    ),
    "scanner click": Kind(
        _SESSIONS,
        """
        select whose.*, (select count(*) from session where bot_events > 0 and session_id not in
            (select record_id from planted where kind in ('bot', 'scanner click'))) as wronged
        from ({}) as whose
        """.format(_WHOSE.format("session_id")),
        "excluded: {bot_events} of {events} events; slip through: {slip}; sessions of people taken for bots: {wronged}",
    ),
    "bot": Kind(
        _SESSIONS,
        _WHOSE.format("session_id"),
        "excluded: {bot_events} of {events} events; slip through: {slip}",
    ),
    "competitor account": Kind(
        _BY_ID.format("true"), _ACCOUNTS, "excluded: {excluded} ({rule}); scored: {scored}"
    ),
    "own account": Kind(
        _BY_ID.format("true"), _ACCOUNTS, "excluded: {excluded} ({rule}); scored: {scored}"
    ),
    "blank field": Kind(
        """
        select count(*) as records, sum(blanks) as rows from (
            select
                (website is null)::int + (industry is null)::int + (number_of_employees is null)::int
                    + (billing_country is null)::int as blanks
            from mine inner join landed_salesforce_account as landed on record_id = landed.id
            qualify row_number() over (partition by landed.id order by system_modstamp desc, occurred_at desc) = 1
        ) where blanks > 0
        """,
        """
        select
            sum((domain is null)::int + (industry is null)::int + (employee_count is null)::int + (country is null)::int)
                as still_null,
            count(*) filter (is_eligible) as scored, count(*) filter (not is_eligible) as excluded,
            count(*) filter (domain is null) as no_domain,
            count(*) filter (domain is null and is_eligible) as no_domain_scored
        from mine inner join account on key = account_id
        """,
        "left as unknown, never as zero: {still_null} blanks; {scored} of the accounts are scored with them, {excluded} excluded "
        "for another reason. {no_domain} have no website: no anonymous visit and no research reaches them ({no_domain_scored} "
        "scored)",
    ),
    "filled when won": Kind(
        """
        select count(*) as records, sum(filled) as rows from (
            select
                (annual_revenue is not null)::int + (billing_state is not null)::int + (rating is not null)::int as filled
            from mine inner join landed_salesforce_account as landed on record_id = landed.id
            qualify row_number() over (partition by landed.id order by system_modstamp desc, occurred_at desc) = 1
        ) where filled > 0
        """,
        """
        with filled as (
            select
                account_id, min(created_date)::date as filled_on
            from landed_salesforce_account_history
            where field = 'AnnualRevenue' and old_value is null and new_value is not null group by account_id
        ),
        won as (select account_id, min(won_on) as won_on from core.core_won_deal_version group by account_id)
        select
            count(distinct key) filter (filled_on is not null) as revenue,
            count(distinct key) filter (v.valid_from < filled_on and v.annual_revenue_usd is not null) as revenue_early,
            count(distinct key) filter (v.valid_from <= won_on and v.state is not null) as state_early
        from mine
        inner join core.core_account_version as v on key = v.account_id
        left join filled on record_id = filled.account_id
        left join won on key = won.account_id
        """,
        "revenue (its history is kept): {revenue} filled later, shown before that day: {revenue_early}; the feature is "
        "{annual_revenue_usd}. State (no history): {state_early} accounts show today's before their win; the feature is {state}. "
        "Rating: not read",
    ),
    "rep's late field": Kind(
        """
        select count(distinct record_id) as records, count(distinct source_sha256 || source_line) as rows
        from mine inner join landed_salesforce_opportunity as landed on record_id = landed.id
        where is_closed and (loss_reason is not null or next_step is not null)
        """,
        """
        select
            count(*) filter (v.loss_reason is not null and not coalesce(v.is_closed, false)) as early,
            count(distinct key) filter (v.loss_reason is not null) as reasons
        from mine inner join core.core_opportunity_version as v on key = v.opportunity_id
        """,
        "reasons of losses on record: {reasons}, shown while the deal was open: {early}; the feature, of lost "
        "deals alone, is {last_loss_reason}. Next step: not read",
    ),
    "close date edit": Kind(
        """
        select count(distinct opportunity_id) as records, count(*) as rows from (
            select
                opportunity_id,
                stage_name = lag(stage_name) over changes and close_date <> lag(close_date) over changes as is_edit
            from landed_salesforce_opportunity_history
            where opportunity_id in (select record_id from mine)
            window changes as (partition by opportunity_id order by created_date, id)
        ) where is_edit
        """,
        """
        with opportunities as (select distinct key from mine),
        entered as (
            select
                opportunity_id, stage, min(occurred_at)::date as entered_on
            from core.core_opportunity_stage_change group by all
        ),
        won as (
            select opportunity_id, won_on from core.core_won_deal_version where valid_to is null
        )
        select
            count(won_on) as wins,
            count(*) filter (won_on is not null and won_on is distinct from (
                select min(entered_on) from entered where entered.opportunity_id = key
                    and stage in (select unnest($won_stages)))) as by_close_date,
            count(open_one.opportunity_id) as open_ones,
            count(*) filter (open_one.in_stage_since is distinct from entered_on and entered_on is not null) as restarted
        from opportunities
        left join won on key = won.opportunity_id
        left join features.int_relationship__opportunity as open_one
            on key = open_one.opportunity_id and status = 'open' and as_of_date = (select day from today)
        left join entered on key = entered.opportunity_id and open_one.stage = entered.stage
        """,
        "ignored: no feature reads the date. Wins among them: {wins}, dated by CloseDate and not by stage history: "
        "{by_close_date}; open today: {open_ones}, days in stage begun anew by an edit: {restarted}",
    ),
    "backdated task": Kind(
        """
        select count(distinct record_id) as records, count(distinct source_sha256 || source_line) as rows
        from mine inner join landed_salesforce_task as landed on record_id = landed.id
        where activity_date < created_date::date
        """,
        """
        with written as (
            select 'salesforce:' || id as key, min(created_date)::date as written_on, min(activity_date) as happened_on
            from landed_salesforce_task group by id
        )
        select
            count(distinct key) as tasks,
            count(distinct key) filter (known_at < written_on) as too_early,
            count(distinct key) filter (occurred_at::date = written_on) as as_written,
            count(distinct key) filter (occurred_at::date = happened_on) as as_happened
        from mine inner join written using (key) inner join core.core_activity on key = activity_id
        """,
        "counted before the day they were written down: {too_early}. Dated by that day (it is their completion): {as_written}; "
        "by the day they happened: {as_happened}",
    ),
    "restated day": Kind(
        """
        select count(*) as records, sum(rows) as rows from (
            select event_date, sum(rows) as rows from (
                select event_date, known_at, count(*) as rows from landed_ga4_event
                where event_date::varchar in (select record_id from mine) group by all
            ) group by event_date having count(*) > 1
        )
        """,
        """
        with events as (
            select event_id, event_date, count(*) filter (superseded_on is null) as in_force, count(*) as sendings,
                bool_or(superseded_on is not null) as is_superseded
            from core.core_web_event where event_date::varchar in (select record_id from mine)
            group by all
        )
        select
            count(*) filter (is_superseded) as superseded,
            count(*) filter (in_force > 1) as twice,
            count(*) filter (not is_superseded and event_date in (select event_date from events where is_superseded))
                as only_again
        from events
        """,
        "superseded by the day's second sending: {superseded} events; in force twice: {twice}; first told by the second: "
        "{only_again}",
    ),
    "repeated event": Kind(
        """
        select count(distinct record_id) as records, sum(rows - 1) as rows from (
            select split_part(event_id, '|', 1) || '|' || split_part(event_id, '|', 2) as record_id, count(*) as rows
            from landed_ga4_event group by event_id, source_sha256, ds having count(*) > 1
        ) semi join mine using (record_id)
        """,
        """
        select count(*) filter (times = 1) as once, count(*) filter (times > 1) as twice from (
            select event_id, count(*) as times from core.core_web_event
            where superseded_on is null
                and split_part(event_id, '|', 1) || '|' || split_part(event_id, '|', 2) in (select record_id from mine)
            group by event_id
        )
        """,
        "counted once: {once}; twice: {twice}",
    ),
    "metro duplicate": Kind(
        """
        select count(*) as records, sum(rows - 1) as rows from (
            select domain || '|' || topic || '|' || week_on as record_id, count(*) as rows
            from landed_bombora_company_surge group by all having count(*) > 1
        ) semi join mine using (record_id)
        """,
        """
        select count(*) filter (times = 1) as once, count(*) filter (times > 1) as twice from (
            select domain || '|' || topic || '|' || week_on as record_id, count(*) as times
            from core.core_intent_signal where superseded_on is null group by all
        ) semi join mine using (record_id)
        """,
        "counted once: {once} pairs of domain and topic a week; twice: {twice}",
    ),
    "ISP domain": Kind(
        """
        select count(distinct record_id) as records, count(*) as rows from (
            select domain || '|' || topic || '|' || week_on as record_id from landed_bombora_company_surge
        ) semi join mine using (record_id)
        """,
        """
        select count(*) as signals, count(distinct domain) as domains, count(account_id) as counted
        from (
            select domain, domain || '|' || topic || '|' || week_on as record_id
            from core.core_intent_signal where superseded_on is null
        ) semi join mine using (record_id)
        left join company using (domain)
        """,
        "kept in core, ignored: {domains} providers' domains stand for no account; signals counted for an account: {counted} of "
        "{signals}",
    ),
}  # fmt: skip
