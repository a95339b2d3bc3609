import CLanes
import KilterMath
import KilterVocabulary

extension Workspace {
    // MARK: Resources

    mutating func beginResource() {
        facts = SpanFacts()
        resourceCandidates.clear()
        arena.reset()
        resource = ResourceFacts()
        resourceRefusal = nil
    }

    /// Reads what the resource says, with the defaults for what it does not.
    mutating func resolveResource(into batch: inout SpanBatch) {
        resourceRefusal = facts.refusal
        if facts.duplicateKeys > 0 { note(.duplicateKey) }
        echoConfigured(in: resourceCandidates)
        // No producer says such things of all its spans.
        resourceCandidates.strike(1 << Ranks(Rank.bare) | 1 << Ranks(Rank.bareOfEvents))
        let says = resourceCandidates
        resource.tenant = name(says.text(.tenant), into: &batch)
        resource.environment = name(says.text(.environment), or: "unknown", into: &batch)
        resource.service = name(says.text(.service), or: "unknown_service", into: &batch)
        let version = says.text(.agentVersion)
        resource.version = name(version.isEmpty ? says.text(.serviceVersion) : version, into: &batch)
        resource.agent = name(says.text(.agent), into: &batch)
        resource.workflow = name(says.text(.workflow), into: &batch)
        resource.namespace = name(says.text(.namespace), into: &batch)
        resource.department = name(says.text(.department), into: &batch)
        resource.partner = name(says.text(.partnerTenant), into: &batch)
        // A list as text says less than nothing here: which of them is the department?
        let tags = says.text(.tags)
        if !tags.hasPrefix("[") { resource.tags = name(tags, into: &batch) }
        resolveConfiguredResource(into: &batch)
    }

    // MARK: Names

    /// Interns one identity, clipped to `Limits.nameBytesMax` at a scalar's border.
    @inline(__always) mutating func name(_ text: Text, into batch: inout SpanBatch) -> StringRef {
        if text.isEmpty { return 0 }
        let kept = text.count > Limits.nameBytesMax ? clipped(text) : text
        return batch.strings.intern(kept.buffer, hash: StableHash.hash(kept.buffer))
    }

    mutating func name(_ text: Text, or fallback: StaticString, into batch: inout SpanBatch) -> StringRef {
        name(text.isEmpty ? Text(fallback) : text, into: &batch)
    }

    @inline(never) private mutating func clipped(_ text: Text) -> Text {
        note(.valueClipped)
        var count = Limits.nameBytesMax
        while count > 0 && text[count] & 0xc0 == 0x80 { count -= 1 }
        return text.prefix(count)
    }

    /// The first source of a name, in order of precedence; whole numbers count as their digits.
    @inline(__always) mutating func nameText(_ field: Field) -> Text {
        let ranks = candidates.ranks(field)
        if ranks == 0 { return .none }
        let value = candidates.value(field, lowestOf: ranks)
        if value.shape == .text && !value.text.isEmpty { return value.text }
        return nameText(field, ranks)
    }

    @inline(never) mutating func nameText(_ field: Field, _ among: Ranks) -> Text {
        var ranks = among
        while ranks != 0 {
            let value = candidates.value(field, lowestOf: ranks)
            if value.shape == .text && !value.text.isEmpty { return value.text }
            if value.shape == .integer { return arena.decimal(Int64(bitPattern: value.bits)) }
            ranks &= ranks &- 1
        }
        return .none
    }
}

/// Turns what was collected about one span into a row.
struct SpanResolver {
    // Guard: the workspace belongs to the decoder that made this resolver, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    var candidates: Candidates { space.pointee.candidates }

    /// Appends the span's row to `batch`, or counts why it is refused.
    func finish(into batch: inout SpanBatch) {
        space.pointee.records &+= 1
        if space.pointee.facts.lacksTrace { space.pointee.foreignRecords &+= 1 }
        if let reason = refusal() {
            space.pointee.refused[Int(reason.rawValue)] &+= 1
            return
        }
        do {
            try append(to: &batch)
        } catch {
            space.pointee.refused[Int(error.reason.rawValue)] &+= 1
        }
    }

    private func refusal() -> QuarantineReason? {
        if !space.pointee.facts.trace.isValid { return .invalidTraceID }
        if space.pointee.facts.span == 0 { return .invalidSpanID }
        return space.pointee.facts.refusal ?? space.pointee.resourceRefusal
    }

    private func append(to batch: inout SpanBatch) throws(Refusal) {
        space.pointee.echoConfigured(in: candidates)
        var row = SpanRecord()
        settleProducer()
        copyEnvelope(to: &row)
        row.kind = kind()
        // Content first: it can still refuse the span, and a refused span leaves no names behind.
        try resolveContent(&row)
        try resolveTokens(&row)
        resolveNames(&row, into: &batch)
        resolveParties(&row, into: &batch)
        space.pointee.resolveConfigured(&row, into: &batch)
        resolveFailure(&row, into: &batch)
        includeReasoning(&row)
        if row.kind.answers { resolveEnding(&row, into: &batch) }
        resolveCost(&row, in: batch.strings)
        resolveAssessments(&row, into: &batch)
        resolveAnswer(&row, into: &batch)
        resolveEmbedding(&row, into: &batch)
        countNotes(row)
        batch.rows.append(row)
    }

    /// Finds out who wrote the record, and strikes out the names without prefix that are not its to use.
    /// - Parameter event: the name of the event that a log record is.
    @inline(__always) func settleProducer(event: Text = .none) {
        let producer = Producer.of(spanName: space.pointee.facts.name, in: space.pointee.scope)
        space.pointee.facts.producer = producer
        let foreign: Ranks = producer == .claudeCode ? 0 : 1 << Ranks(Rank.bare)
        let ofEvents: Ranks = EventDialect.hasBareNames(event) ? 0 : 1 << Ranks(Rank.bareOfEvents)
        candidates.strike(foreign | ofEvents)
    }

    @inline(__always) private func copyEnvelope(to row: inout SpanRecord) {
        row.trace = space.pointee.facts.trace
        row.span = space.pointee.facts.span
        row.parent = space.pointee.facts.parent
        row.startNanoseconds = space.pointee.facts.start
        row.endNanoseconds = space.pointee.facts.end
        if space.pointee.facts.kind == 2 { row.flags.insert(.serverSide) }
        if space.pointee.facts.attributesDropped { row.flags.insert(.partial) }
        if isPartOfCall { row.flags.insert(.partOfCall) }
    }

    /// Claude Code tells a call by two spans, and its failure by the inner one alone.
    @inline(__always) private var isPartOfCall: Bool {
        space.pointee.facts.producer == .claudeCode && space.pointee.facts.name.equals("claude_code.tool.execution")
    }

    @inline(__always) private func countNotes(_ row: SpanRecord) {
        if row.kind == .executeTool {
            if !row.arguments.isKnown { space.pointee.note(.argumentsUnobservable) }
            if !row.result.isKnown { space.pointee.note(.resultUnobservable) }
            if row.flags.contains(.serverSide) { space.pointee.note(.serverSideCall) }
        }
        if space.pointee.facts.attributesDropped { space.pointee.note(.attributesDropped) }
        if space.pointee.facts.duplicateKeys > 0 { space.pointee.note(.duplicateKey) }
    }

    // MARK: Names

    func resolveNames(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        let resource = space.pointee.resource
        row.service = resource.service
        row.tenant = tenant(resource, into: &batch)
        row.department = department(resource, into: &batch)
        row.environment = named(.environment, into: &batch, else: resource.environment)
        row.agentVersion = named(.agentVersion, into: &batch, else: resource.version)
        row.conversation = named(.conversation, into: &batch, else: 0)
        row.workflow = named(.workflow, into: &batch, else: resource.workflow)
        if row.workflow == 0 && row.kind == .workflow {
            row.workflow = space.pointee.name(workflowFromName(), into: &batch)
        }
        resolveModel(&row, into: &batch)
        row.tool = space.pointee.name(toolName(row.kind), into: &batch)
        if candidates.has(.responseID) { row.responseID = hash(space.pointee.nameText(.responseID)) }
        if candidates.has(.callID) { row.callID = hash(space.pointee.nameText(.callID)) }
    }

    @inline(__always) private func named(
        _ field: Field, into batch: inout SpanBatch, else fallback: StringRef
    ) -> StringRef {
        if !candidates.has(field) { return fallback }
        let reference = space.pointee.name(space.pointee.nameText(field), into: &batch)
        return reference == 0 ? fallback : reference
    }

    /// The order of the reference, section 1.11.
    private func tenant(_ resource: ResourceFacts, into batch: inout SpanBatch) -> StringRef {
        let own = named(.tenant, into: &batch, else: resource.tenant)
        if own != 0 { return own }
        let partner = named(.partnerTenant, into: &batch, else: resource.partner)
        if partner != 0 { return partner }
        return resource.namespace != 0 ? resource.namespace : space.pointee.name(.none, or: "default", into: &batch)
    }

    private func department(_ resource: ResourceFacts, into batch: inout SpanBatch) -> StringRef {
        let own = named(.department, into: &batch, else: resource.department)
        if own != 0 || resource.namespace != 0 { return own != 0 ? own : resource.namespace }
        guard candidates.has(.tags) else { return resource.tags }
        let tags = space.pointee.name(listText(.tags), into: &batch)
        return tags != 0 ? tags : resource.tags
    }

    func hash(_ text: Text) -> UInt64 { text.isEmpty ? 0 : StableHash.hash(text.buffer) }

    private func workflowFromName() -> Text {
        let name = space.pointee.facts.name
        if name.hasPrefix("invoke_workflow ") { return name.dropFirst(16) }
        let isRootChain = candidates.text(.openInferenceKind).equalsFolded("chain")
        return isRootChain ? name : .none
    }

    func toolName(_ kind: OperationKind) -> Text {
        let own = space.pointee.nameText(.tool)
        if !own.isEmpty || kind != .executeTool { return own }
        let entity = entityName(of: "tool")
        if !entity.isEmpty { return entity }
        let name = space.pointee.facts.name
        if name.hasPrefix("execute_tool ") { return name.dropFirst(13) }
        if name.hasPrefix("tools/call ") { return name.dropFirst(11) }
        if name.hasPrefix("flue.tool ") { return name.dropFirst(10) }
        if isKind("tool", .agentOpsKind) { return name.hasSuffix(".tool") ? name.prefix(name.count - 5) : name }
        let isNamedByTool =
            isKind("tool", .openInferenceKind) || isKind("tool", .langfuseType) || isKind("tool", .langSmithKind)
        return isNamedByTool ? name : .none
    }

    func isKind(_ kind: StaticString, _ field: Field) -> Bool {
        candidates.has(field) && candidates.text(field).equalsFolded(kind)
    }

    /// The entity that OpenLLMetry or AgentOps name, when it is of this kind.
    func entityName(of kind: StaticString) -> Text {
        guard candidates.has(.entityName), isKind(kind, .traceloopKind) || isKind(kind, .agentOpsKind) else { return .none }
        return candidates.text(.entityName)
    }

    /// `llm.model_name` stands for both models, behind the names that say which one they mean.
    private func resolveModel(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        let toOpenInference: Ranks = 1 << (Ranks(Rank.openInference) + 1) &- 1
        let shared = candidates.has(.sharedModel) ? candidates.text(.sharedModel) : .none
        var model = candidates.text(.model, among: toOpenInference)
        if model.isEmpty { model = shared.isEmpty ? candidates.text(.model) : shared }
        if model.isEmpty && candidates.has(.invocationParameters) { model = modelFromParameters() }
        row.model = space.pointee.name(model, into: &batch)
        var response = candidates.text(.responseModel, among: toOpenInference)
        if response.isEmpty { response = shared.isEmpty ? candidates.text(.responseModel) : shared }
        row.responseModel = space.pointee.name(response, into: &batch)
        if candidates.has(.provider) || candidates.has(.providerSystem) {
            row.provider = space.pointee.name(provider(), into: &batch)
        }
    }
}
