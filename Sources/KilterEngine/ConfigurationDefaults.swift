extension Configuration {
    /// The complete file with every key at its default, explained: what `kilter config defaults` prints. It reads back
    /// as exactly `Configuration.defaults`.
    public static let commentedDefaults = """
        # Kilter's configuration, complete, every key at its default. Leave out what you do not change.
        # An unknown key, a wrong unit or a contradiction is an error with line and column. Units are written:
        # durations 250ms, 90s, 5m, 1h, 30d; money $20; tokens 200k tokens; shares 85%. "(later)" marks what is
        # read and checked, and has no effect in this build.

        # Name of this engine in every event's source: /kilter/<instance>.
        instance: kilter

        # Named set of thresholds from Models/Profiles, the base under the overrides below.
        profile: default

        # False alarms of statistical detectors that you are willing to see: "1 per day per fleet",
        # "0.3 per agent per 30 days", "0.1 per agent per 100 runs". A fleet is all agents of one tenant. A mapping
        # {warning: ..., critical: ...} sets both; else critical is a thirtieth.
        false_alarms: 1 per day per fleet

        # What of arguments and results may be kept: digest (keyed fingerprints only), preview or full (both later).
        content: digest

        # Attributes of spans, log records and resources that name who acts; the first found wins, and behind it what
        # OpenTelemetry, OpenInference, OpenLLMetry and the frameworks write themselves. aliases: spellings, with * and ?
        # too, that mean one name; for agents also as senders of messages. A list of such mappings may hold some for a
        # service alone; for each key the most specific entry that has it counts:
        #   - {for: {service: "billing-*"}, agent: [billing.bot], tenant: [acme.customer]}
        #   - aliases: {agent: {"Refund Bot": refund-bot, "refund_bot_*": refund-bot}}
        identity:
          agent: [gen_ai.agent.name]
          tenant: [kilter.tenant]
          department: [kilter.department]
          version: [kilter.version]
          environment: [deployment.environment.name]
          conversation: [gen_ai.conversation.id]
          workflow: [kilter.workflow]

        # What tools are. side_effect: pays, sends, books; a second identical success is critical at once. poll: asks until
        # something is ready; repetition counts a fifth. ignore: no part of any sequence. `for` takes patterns over tenant,
        # environment, service, agent and tool. volatile: members of arguments and results that are not identity, with `for`
        # over tool alone.
        #   - {for: {tool: "refund*"}, class: side_effect}
        #   - {for: {tool: "search"}, volatile: [request_id, ts]}
        tools: []

        # Thresholds: at how many repetitions info, warning and critical begin; `never` switches a severity, a rule or
        # a detector off. Only critical may trip a breaker. An entry without `for` holds for everybody; `for` takes
        # patterns (* and ?) over tenant, environment, service and agent, and the most specific entry wins: more keys,
        # then the narrower key, then more letters, then the later one. Counts that an entry does not give follow the
        # ones it gives: `{warning: 8}` alone also raises a critical count of 8 to 16, as far above as before.
        # `repeated_call: {warning: 8}` is short for in_row, and raises in_window where that would be below.
        #   - {for: {service: "crawler"}, repeated_call: {warning: 8}}
        #   - {for: {agent: "nightly-*"}, call_cycle: never}
        detectors:
          # How long an episode stays open without further evidence; a longer pause starts a new alert.
          - quiet: 15m
            repeated_call:
              # Identical calls with identical results, one directly after the other.
              in_row: {info: 3, warning: 4, critical: 8}
              # The same among the last 20 calls.
              in_window: {info: 4, warning: 6, critical: 10}
              # Identical calls in one turn whose result is unknown: never critical.
              same_arguments_unknown_result: {info: 10, warning: 20, critical: never}
              # Identical calls in one turn whose results differ: information only.
              same_arguments_changing_result: {info: 10, warning: never, critical: never}
              # Calls of one tool in a row, each much like the one before; a warning also needs the arguments to vary.
              near_in_row: {info: 3, warning: 5, critical: never}
            call_cycle:
              # Complete turns of a cycle of two to eight calls with identical results.
              turns: {info: 2, warning: 3, critical: 5}
            stagnation:
              # Distinct calls, among the last twelve of the turn, with one and the same telling result.
              same_result: {info: 4, warning: 6, critical: 12}
            novelty_collapse:
              # Calls among the last thirty whose call and result the turn had seen; a warning also needs them to increase.
              last_thirty: {info: 20, warning: 24, critical: 30}
              # Calls among the last ten whose pair the turn had seen three times.
              last_ten: {info: never, warning: 10, critical: never}
              # Calls alone, where results are not known: information only.
              calls_of_thirty: {info: 20, warning: never, critical: never}
            duplicate_side_effect:
              # Identical successful calls in one turn of a tool of class side_effect.
              in_turn: {info: never, warning: never, critical: 2}
            reasoning_loop:
              # Identical answers of an agent in a row, without a tool call by it or a new message to it in between.
              in_row: {info: 2, warning: 3, critical: 6}
              # Copies of one block of words at the end of a single answer.
              tail: {info: 5, warning: 8, critical: never}
            error_streak:
              # Calls that differ and fail in a row with the same error.
              in_row: {info: 3, warning: 4, critical: 8}
            unknown_tool:
              # Calls in one turn of tools that do not exist.
              in_turn: {info: 5, warning: 10, critical: 20}
            growing_call:
              # Calls of one tool in a row whose arguments grow by the same length again.
              steps: {info: 3, warning: 5, critical: never}
            message_storm:
              # Identical messages in one direction between two agents without a tool call between them.
              pair: {info: never, warning: 3, critical: 9}
              # Identical messages of an agent to itself within 60 s.
              to_self: {info: never, warning: 4, critical: 12}
              # How many times as long as half of the dialogues of its pair and phase (kilter.phase) a dialogue gets that
              # stands apart from all of them, whatever is said in it.
              outgrown: {info: never, warning: 3, critical: never}
            message_cycle:
              # Turns of one text round three to sixteen agents, back to one that called no tool in between.
              turns: {info: 2, warning: 3, critical: 5}
            message_growth:
              # Generations of messages in a row, each of which brings in more new agents than the one before.
              growing: {info: never, warning: 3, critical: 5}
              # Generations in a row that only pass on what was said, among three parties or more.
              relaying: {info: never, warning: 5, critical: 10}
              # Agents in a chain, each brought in by the one before.
              depth: {info: 8, warning: 12, critical: 24}
              # Agents of a run, once three generations in a row have grown.
              agents: {info: never, warning: never, critical: 48}
            new_tool:
              # An agent uses a tool it never used, though only one of so many of its runs brings a new one. Never trips.
              one_run_in: {info: 20, warning: never, critical: never}
              # The same where the tool is of class side_effect and the run has read content.
              acts_after_reading: {info: 10, warning: 20, critical: never}
            new_transition:
              # The same for a step from one tool to another.
              one_run_in: {info: 20, warning: never, critical: never}

        # (later) The most that may be spent; all that apply hold. scope: run, agent, workflow, department or tenant.
        #   - {for: {agent: "*"}, scope: agent, per: 1d, limit: $20}
        #   - {scope: run, limit: 200k tokens}
        budgets: []

        # What may be cut off. scope: run or agent (agent_tool, tool, workflow and tenant later). on: the detectors whose
        # critical findings trip it. mode: shadow says what would have happened, enforce blocks. It opens at a critical
        # finding, turns half open after cool_down without further evidence, and closes once probe_permits calls passed.
        # on_silence: what a gateway does when it no longer hears the engine: hold the last decision, block or allow.
        # (later) max_tripped: 50%, enforce: 100%, and `for`.
        breakers:
          - scope: run
            on: [repeated_call, call_cycle, duplicate_side_effect]
            mode: shadow
            cool_down: 5m
            probe_permits: 3
            on_silence: hold

        # (later) Tools that an agent may and may not use.
        #   - {for: {agent: "support-*"}, allow_tools: ["lookup*", "refund"], deny_tools: ["delete*"]}
        policy: []

        # (later) Values that a signal must keep over its last observations.
        #   - {signal: "outcome:approved", at_least: 95%, window: 200}
        kpis: []

        # Times, up to and without their end, in which what agents do is neither judged nor learned by drift, burst, mix_drift,
        # new_tool, new_transition and silence: runs that end in them, by the agent's own clock. Loops and rules go on. 64 at most.
        #   - {for: {agent: "nightly-*"}, from: "2026-11-21T22:00:00Z", to: "2026-11-22T04:00:00Z"}
        maintenance: []

        # Prices per million tokens, added to those in Models/Prices and winning over them; what an entry does not say
        # holds as it ships. model: a name without its date, or a pattern (* and ?). provider: only there. from: in
        # effect for calls that end then or later. above: for calls of more input than that.
        #   - {model: "my-model", input: $0.15, output: $0.60}
        #   - {model: "gpt-4o-*", provider: azure.ai.openai, from: 2026-12-01, input: $2, cache_read: $1, output: $8}
        prices: []

        """
}
