import KilterMath

/// What an attribute can say about a span, whatever the dialect it is said in.
enum Field: UInt8, CaseIterable {
    case operation, openInferenceKind, traceloopKind, requestType, mcpMethod, a2aMethod, transferMode, promptText
    case langfuseType, agentOpsKind, langSmithKind, vercelOperation, vectorQuery
    case agent, agentVersion, conversation, workflow, entityName
    case outputMessages, tool, callID, arguments, result, genericInput, genericOutput, toolParameters
    case argumentsHash, resultHash, argumentsCharacters, resultCharacters
    case model, responseModel, sharedModel, invocationParameters, provider, providerSystem, responseID
    case inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens
    case usageDetails, inputDetails, outputDetails
    case errorType, errorMessage, exceptionType, exceptionMessage, statusCode, success, toolStatus, level, guardrailError
    case sender, receiver, messageTarget, handoffFrom, handoffParent, nodeParent
    case messageDigest, messageSimilarity, messageCharacters, messageText
    case tenant, partnerTenant, department, namespace, tags, environment, service, serviceVersion, blockedBy
    case cost, costParts, costDetails, outcome, feedback
    case evaluationName, evaluationScore, evaluationLabel, evaluationJudge
    case eventName, guardrailName, guardrailOutcome, guardrailTriggered
    case markKind, markTarget, markNote
}

/// Precedence among sources of one field (reference, section 1.14): the smaller wins.
enum Rank {
    static let kilter: UInt8 = 0
    static let current: UInt8 = 1
    static let older: UInt8 = 3
    static let openInference: UInt8 = 5
    static let openLLMetry: UInt8 = 9
    static let vendor: UInt8 = 12
    /// Names without any prefix (`model`, `input_tokens`), which only their own producer's spans may use: on all others
    /// they are struck out before anything is resolved.
    static let bare: UInt8 = 15
}

/// One attribute key of one dialect: which field it fills, and how it ranks there.
struct Alias: Sendable {
    let key: StaticString
    let field: Field
    let rank: UInt8

    init(_ key: StaticString, _ field: Field, _ rank: UInt8) {
        self.key = key
        self.field = field
        self.rank = rank
    }
}

/// All dialects this build knows. A producer family is one file that contributes its aliases here.
enum Dialects {
    static let aliases: [Alias] =
        KilterDialect.aliases + OTelDialect.aliases + OpenInferenceDialect.aliases + OpenLLMetryDialect.aliases
        + EventDialect.aliases
        + LangfuseDialect.aliases + LangSmithDialect.aliases + VercelDialect.aliases + AgentOpsDialect.aliases
        + AgentFrameworkDialect.aliases + ClaudeCodeDialect.aliases + GoogleDialect.aliases + FlueDialect.aliases
        + LangGraphDialect.aliases
}

/// Where a candidate value is kept: field × 16 + rank. `ignored` is no such place.
struct Slot: BitwiseCopyable, Equatable {
    static let ranks = 16
    static let ignored = Slot(rawValue: .max)

    let rawValue: UInt16

    @inline(__always) init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ field: Field, _ rank: UInt8) { rawValue = UInt16(field.rawValue) * UInt16(Slot.ranks) + UInt16(rank) }

    /// The place of a configured attribute, behind those of all fields.
    init(configured index: Int) { rawValue = UInt16(clamping: Candidates.fieldCount * Slot.ranks + index) }

    @inline(__always) var field: Int { Int(rawValue) >> 4 }
    @inline(__always) var bit: UInt16 { 1 << (rawValue & 15) }
}

/// Attribute key to slot: an open table over a hash of the key's length and of three of its words, followed by a
/// comparison of the whole key. Built once per decoder. Cost of a look-up: about 4 ns, hit or miss.
struct KeyTable: ~Copyable {
    private struct Entry: BitwiseCopyable {
        // Guard: literals live as long as the process.
        var key: UnsafePointer<UInt8>
        var count: Int32
        var slot: Slot
    }

    /// A configured attribute that a dialect knows too: what it says is kept in both places.
    struct Echo: BitwiseCopyable {
        let configured: Slot
        let dialect: Slot
    }

    let echoes: [Echo]
    let hasEchoes: Bool
    // Guard: owned by this noncopyable table, freed in its deinit, never handed out.
    private let entries: UnsafeMutablePointer<Entry>
    // Guard: as above; the configured keys, one after the other, with slack behind the last.
    private let text: UnsafeMutablePointer<UInt8>
    private let mask: Int
    private let longest: Int

    /// - Parameter configured: further keys, at most `IdentityRules.attributesMax` that count; each goes to the slot of
    ///   its index, even if a dialect knows it.
    init(_ aliases: [Alias], configured: [String] = []) {
        let names = configured.prefix(IdentityRules.attributesMax).map { Array($0.utf8) }
        var size = 1 << 10
        while (aliases.count + names.count) * 2 >= size { size *= 2 }
        mask = size - 1
        entries = .allocate(capacity: size)
        entries.initialize(repeating: Entry(key: Text.none.base, count: -1, slot: .ignored), count: size)
        text = .allocate(capacity: names.reduce(Self.slack) { $0 + $1.count })
        text.initialize(repeating: 0, count: names.reduce(Self.slack) { $0 + $1.count })
        longest = max(aliases.reduce(0) { max($0, $1.key.utf8CodeUnitCount) }, names.reduce(0) { max($0, $1.count) })
        for alias in aliases {
            let count = alias.key.utf8CodeUnitCount
            // Literals have no readable slack, so their hash is taken from a padded copy.
            let index = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 16) { padded in
                padded.initialize(repeating: 0)
                for i in 0..<count { padded[i] = alias.key.utf8Start[i] }
                return Self.position(Text(padded.baseAddress.map { UnsafePointer($0) } ?? alias.key.utf8Start, count))
            }
            let entry = Entry(key: alias.key.utf8Start, count: Int32(count), slot: Slot(alias.field, alias.rank))
            Self.insert(entry, at: index, entries, mask)
        }
        var echoes: [Echo] = []
        var start = text
        for (number, name) in names.enumerated() {
            for (index, byte) in name.enumerated() { start[index] = byte }
            let slot = Slot(configured: number)
            let entry = Entry(key: UnsafePointer(start), count: Int32(clamping: name.count), slot: slot)
            let known = Self.insert(entry, at: Self.position(Text(UnsafePointer(start), name.count)), entries, mask)
            if let known { echoes.append(Echo(configured: slot, dialect: known)) }
            start += name.count
        }
        self.echoes = echoes
        hasEchoes = !echoes.isEmpty
    }

    /// Puts the entry in the place of one with an equal key, whose slot is returned, or in the first free place.
    // Guard: the table under construction, which is never more than half full.
    @discardableResult private static func insert(
        _ entry: Entry, at position: Int, _ entries: UnsafeMutablePointer<Entry>, _ mask: Int
    ) -> Slot? {
        var index = position & mask
        while entries[index].count >= 0 {
            let other = entries[index]
            if other.count == entry.count && sameBytes(other.key, entry.key, Int(other.count)) {
                entries[index] = entry
                return other.slot
            }
            index = (index + 1) & mask
        }
        entries[index] = entry
        return nil
    }

    private static let slack = 64

    deinit {
        entries.deallocate()
        text.deallocate()
    }

    @inline(__always) private static func position(_ key: Text) -> Int {
        var first = load8(key.base)
        var last: UInt64 = 0
        var middle: UInt64 = 0
        if key.count >= 8 {
            last = load8(key.base + (key.count - 8))
            middle = load8(key.base + ((key.count - 8) >> 1))
        } else {
            first &= (1 << (UInt64(key.count) &* 8)) &- 1
        }
        let mixed = StableHash.fold(first ^ middle &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(key.count), last ^ 0xa076_1d64_78bd_642f)
        return Int(truncatingIfNeeded: mixed)
    }

    @inline(__always) func slot(of key: Text) -> Slot {
        if key.count > longest { return .ignored }
        var index = Self.position(key) & mask
        while true {
            let entry = entries[index]
            if entry.count < 0 { return .ignored }
            if Int(entry.count) == key.count && sameBytes(entry.key, key.base, key.count) { return entry.slot }
            index = (index + 1) & mask
        }
    }
}
