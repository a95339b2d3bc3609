/// Every maximum in one place, each with its reason; their relations are asserted by a test.
public enum Limits {
    /// Nesting of one attribute value: where SDKs cut.
    public static let valueDepthMax = 64
    /// Attributes of one span that are looked at. SDKs cap at 128, OpenInference's own provider at 10,000.
    public static let attributesMax = 4_096
    /// Bytes of one name or text that are kept. Fingerprints cover the whole value, whatever its length.
    public static let valueBytesMax = 4_096
    /// Bytes of one identity (tenant, environment, service, agent, tool, model, conversation); longer is clipped.
    public static let nameBytesMax = 256
    /// Bytes of one message on the wire: a Collector batch of 8,192 spans of 1 KB.
    public static let messageBytesMax = 8 << 20
    /// Bytes after decompression: the request size OTLP recommends to accept.
    public static let inflatedBytesMax = 64 << 20
    /// Evaluations and other assessments of one record that are kept.
    public static let assessmentsMax = 64
    /// Tenants with state of their own; further ones are quarantined.
    public static let tenantsMax = 64
    /// Admitted spans of one tenant among which duplicates and parents are recognised (contract, section 4.4).
    public static let recentSpansMax = 65_536
    /// Log records of one tenant among which duplicates are recognised.
    public static let recentLogsMax = 16_384
    /// Exceptions of one tenant that came as log records and wait for their span.
    public static let exceptionsMax = 4_096
    /// Answers of one tenant that came as log records and wait for their span. 0.4 MiB when full.
    public static let awaitedAnswersMax = 4_096
    /// Tool calls that the models of one tenant asked for, whose arguments wait for the tool's span. 1.8 MiB when full.
    public static let requestsMax = 16_384
    /// Tool calls that one model call asks for, at most; more were never seen outside attacks.
    public static let requestsOfSpanMax = 64
    /// Agents of one tenant that are told apart when its fleet is counted. 4 MiB when full.
    public static let fleetMax = 65_536
    /// Open traces of one tenant whose agent, conversation and turn are remembered.
    public static let tracesMax = 65_536
    /// Names of one tenant remembered beyond their batch, per generation of its name table.
    public static let namesMax = 262_144
    /// Tool names of one tenant remembered for good; further ones like any other name.
    public static let toolNamesMax = 16_384
    /// Open episodes of one tenant; beyond, the one quiet for longest is resolved as evicted.
    public static let episodesMax = 4_096
    /// Breakers of one tenant that are not closed; beyond, new trips of that tenant stay alerts.
    public static let breakersMax = 4_096
    /// Aliases a breaker carries.
    public static let aliasesMax = 16
    /// Turns whose calls are remembered, over all tenants. At 2.7 KB each: 676 MiB when full.
    public static let turnsMax = 262_144
    /// Runs whose messages between agents are remembered, over all tenants. At 2.0 KB each: 128 MiB when full.
    public static let runsMax = 65_536
    /// Runs in which agents message one another, over all tenants. At 3.1 KB each: 49 MiB when full.
    public static let graphsMax = 16_384
    /// Turns of ten calls and more whose novelty is remembered, over all tenants. At 1.3 KB each: 81 MiB when full.
    public static let longTurnsMax = 65_536
    /// Calls of a turn from which on its novelty is remembered.
    public static let noveltyFrom: UInt32 = 8
    /// Agents whose tools are remembered, over all tenants. At 1.8 KB each: 55 MiB when full.
    public static let agentsMax = 32_768
    /// Calls with side effects that are remembered, over all tenants. At 0.2 KB each: 13 MiB when full.
    public static let effectsMax = 65_536
    /// Turns whose last answer is remembered, over all tenants. At 0.2 KB each: 25 MiB when full.
    public static let answersMax = 131_072
    /// Runs that go on or were over a little while ago, over all tenants. At 1.1 KB each: 69 MiB when full.
    public static let talliesMax = 65_536
    /// Baselines of rates, of values and of mixes, over all tenants. At 0.6, 0.9 and 1.6 KB each: 239 MiB when full.
    public static let ratesMax = 131_072
    public static let valuesMax = 131_072
    public static let mixesMax = 32_768
    /// Kinds of steps of agents whose tails are known, over all tenants. At 0.8 KB each: 26 MiB when full.
    public static let tailsMax = 32_768
    /// Agents whose embeddings are known, over all tenants. At 5 KB each: 41 MiB when full.
    public static let vectorsMax = 8_192
    /// Agents whose answers to requests that come again are known, over all tenants. At 2.5 KB each: 39 MiB when full.
    public static let repeatsMax = 16_384
    /// Dimensions of the longest embedding that is read.
    public static let embeddingDimensionsMax = 4_096
    /// Groups of agents, by service and by model, over all tenants. At 7 KB each with their streams: 57 MiB when full.
    public static let groupsMax = 8_192
    /// Bytes at the end of an answer in which a block of words that repeats is looked for.
    public static let answerTailBytes = 32_768
    /// Bytes of the longest such block.
    public static let answerBlockBytesMax = 2_048
    /// Bytes at the end of a model's input in which the message that it answers is looked for first.
    public static let promptBytesMax = 16_384
    /// Messages of one span, of its input and of its output, that are told apart; the last ones count.
    public static let messagesOfSpanMax = 8
    /// Results of one tenant that may turn out to be mere acknowledgements.
    public static let acknowledgementsMax = 8_192
    /// Bytes of a result up to which it is looked through for times and other volatile parts.
    public static let settledBytesMax = 16_384
    /// Admitted records of one tenant after which what was learned across runs takes effect.
    public static let learningPeriod: UInt64 = 4_096
    /// Pairs of agents whose dialogues are remembered, a pair for each phase, over all tenants. At 0.2 KB each: 7 MiB when full.
    public static let dialoguePairsMax = 32_768
    /// Agents in one run whose tool calls and pairs whose messages are told apart.
    public static let pairsMax = 16
    /// Distinct calls counted in one turn.
    public static let distinctCallsMax = 12
    /// Agents of the longest circle of messages that is recognised and named.
    public static let circleMax = 16
    /// Shards of state, whatever the number of workers.
    public static let shards = 64
    /// Rows that are judged together, at most.
    public static let batchRows = 4_096
    /// Longest cycle of calls that is recognised.
    public static let cyclePeriodMax = 8
    /// Events kept in memory per stream for the catch-up socket.
    public static let eventsKept = 65_536
    /// Bytes of event bodies kept in memory per stream.
    public static let eventBytesKept = 64 << 20
}
