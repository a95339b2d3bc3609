import KilterVocabulary

/// Token counts that come as members of an object: the usage that the Langfuse SDKs write, the details of LangSmith, what
/// a provider said through the Vercel AI SDK.
///
/// Langfuse's own convention is that every member counts tokens that no other member counts, so that input is the sum of
/// all that came in. Providers' own objects, which it passes on, put the parts inside of the whole: there they stand one
/// level deeper, or the total is the sum of the two wholes.
struct UsageDetails {
    /// What the object calls input and output.
    private(set) var input: UInt64?
    private(set) var output: UInt64?
    private var total: UInt64?
    /// Members beside those two.
    private var read: UInt64 = 0
    private var written: UInt64 = 0
    private var ephemeral: UInt64 = 0
    private var thought: UInt64 = 0
    private var otherInput: UInt64 = 0
    private var otherOutput: UInt64 = 0
    /// The same on deeper levels, where one count may stand twice.
    private var innerRead: UInt64 = 0
    private var innerWritten: UInt64 = 0
    private var innerThought: UInt64 = 0
    /// Anthropic's names, which always stand beside the input.
    private var isAnthropics = false

    var cacheRead: UInt64 { read > 0 ? read : innerRead }
    /// Where the cache's lifetimes are told apart, their sum is nought or missing.
    var cacheWrite: UInt64 { outerWritten > 0 ? outerWritten : innerWritten }
    var reasoning: UInt64 { thought > 0 ? thought : innerThought }

    private var outerWritten: UInt64 { written > 0 ? written : ephemeral }
    private var besideInput: UInt64 { read + outerWritten + otherInput }
    private var besideOutput: UInt64 { thought + otherOutput }

    /// All that was sent, and all that came back.
    var allInput: UInt64? { includesParts ? input : input.map { $0 + besideInput } }
    var allOutput: UInt64? { includesParts ? output : output.map { $0 + besideOutput } }

    /// Langfuse's SDK for JavaScript wrote it so before version 4.3, on OpenAI's calls.
    private var includesParts: Bool {
        guard !isAnthropics, let total, let input, let output, total == input + output else { return false }
        return besideInput <= input && besideOutput <= output
    }

    /// Takes in one number.
    /// - Parameters:
    ///   - count: tokens, at most 2^53.
    ///   - isInner: the number is part of a count given elsewhere.
    mutating func take(_ name: Text, _ count: UInt64, isInner: Bool) {
        // How urgent a request was cuts across all other kinds.
        if name.find("priority") != nil { return }
        if name.find("cach") != nil || name.find("ephemeral") != nil {
            takeCached(name, count, isInner: isInner)
        } else if name.find("reasoning") != nil || name.find("thought") != nil || name.find("thinking") != nil {
            if isInner { innerThought = max(innerThought, count) } else { Self.add(count, to: &thought) }
        } else if !isInner {
            takeWhole(name, count)
        }
    }

    private mutating func takeCached(_ name: Text, _ count: UInt64, isInner: Bool) {
        let isWritten = name.find("reation") != nil || name.find("rite") != nil
        if isInner {
            if isWritten {
                innerWritten = max(innerWritten, count)
            } else if name.find("ephemeral") == nil {
                innerRead = max(innerRead, count)
            }
        } else if name.find("ephemeral") != nil {
            Self.add(count, to: &ephemeral)
        } else {
            if isWritten { Self.add(count, to: &written) } else { Self.add(count, to: &read) }
            if name.hasPrefix("cache_") { isAnthropics = true }
        }
    }

    /// Sums stop far above any count and far below what a few of them together could overflow.
    private static func add(_ count: UInt64, to sum: inout UInt64) { sum = min(sum + count, 1 << 60) }

    private mutating func takeWhole(_ name: Text, _ count: UInt64) {
        if name.equals("total") || name.equals("total_tokens") {
            total = count
        } else if name.equals("input") || name.equals("input_tokens") || name.equals("prompt_tokens") {
            input = count
        } else if name.equals("output") || name.equals("output_tokens") || name.equals("completion_tokens") {
            output = count
        } else if name.hasPrefix("input_") {
            Self.add(count, to: &otherInput)
        } else if name.hasPrefix("output_") {
            Self.add(count, to: &otherOutput)
        }
    }
}

extension SpanResolver {
    @inline(__always) var hasDetails: Bool {
        candidates.ranks(.usageDetails) | candidates.ranks(.inputDetails) | candidates.ranks(.outputDetails)
            | candidates.ranks(.providerDetails) != 0
    }

    func usageDetails() throws(Refusal) -> UsageDetails {
        var found = UsageDetails()
        try take(.usageDetails, into: &found, isPart: false)
        try take(.inputDetails, into: &found, isPart: true)
        try take(.outputDetails, into: &found, isPart: true)
        try take(.providerDetails, into: &found, isPart: true)
        return found
    }

    private func take(_ field: Field, into details: inout UsageDetails, isPart: Bool) throws(Refusal) {
        guard candidates.has(field), let object = try canonicalTree(candidates.first(field)) else { return }
        forEachNumber(of: object) { name, digits, depth in
            if let count = count(text: digits) { details.take(name, count, isInner: isPart || depth > 1) }
        }
    }

    /// Lets the members of a cost object stand as if they were attributes of their own: its total, else all of its parts.
    func takeCostDetails() throws(Refusal) {
        guard let costs = try canonicalTree(candidates.first(.costDetails)) else { return }
        var next = Rank.vendor + 2
        forEachNumber(of: costs) { name, digits, depth in
            guard depth == 1, let kept = space.pointee.arena.copy(digits) else { return }
            var slot = Slot(.costParts, next)
            if name.equals("total") {
                slot = Slot(.cost, Rank.vendor + 2)
            } else if name.equals("input") {
                slot = Slot(.costParts, Rank.vendor)
            } else if name.equals("output") {
                slot = Slot(.costParts, Rank.vendor + 1)
            } else if next < Rank.bareOfEvents {
                next += 1
            } else {
                return
            }
            _ = candidates.set(slot, .text(kept))
        }
    }
}
