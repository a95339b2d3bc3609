import KilterVocabulary

extension Workspace {
    /// What a dialect wants to see too is put where it looks for it. Before anything of a resource or record is
    /// resolved.
    @inline(__always) func echoConfigured(in candidates: Candidates) {
        if keys.hasEchoes { echo(in: candidates) }
    }

    @inline(never) private func echo(in candidates: Candidates) {
        for echo in keys.echoes where candidates.has(echo.configured) {
            _ = candidates.set(echo.dialect, candidates.value(echo.configured))
        }
    }

    /// Settles which rules hold for the resource's service, and reads what they want of the resource.
    mutating func resolveConfiguredResource(into batch: inout SpanBatch) {
        if identity.isEmpty { return }
        identityChoice = identity.choice(for: resource.service, in: batch.strings)
        identityOfResource.removeAll(keepingCapacity: true)
        for sources in identityChoice.sources {
            for slot in sources {
                identityOfResource.append(name(nameText(resourceCandidates.value(slot)), into: &batch))
            }
        }
    }

    /// Puts what configured attributes say in the place of what the dialects found, and one name in the place of its
    /// spellings. On a handoff the agent is the receiver, so that the configured agent is the one who hands over.
    @inline(__always) mutating func resolveConfigured(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        if !identity.isEmpty { resolveConfiguredParts(&row, into: &batch) }
    }

    @inline(never) private mutating func resolveConfiguredParts(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        var first = 0
        for (part, sources) in zip(IdentityRules.Part.allCases, identityChoice.sources) {
            let place = Self.place(of: part, in: row)
            let said = configuredName(sources, first, into: &batch)
            if said != 0 { row[keyPath: place] = said }
            first += sources.count
            row[keyPath: place] = identity.meant(part, by: row[keyPath: place], identityChoice, in: &batch.strings)
        }
        if row.kind == .handoff {
            row.agent = identity.meant(.agent, by: row.agent, identityChoice, in: &batch.strings)
        } else {
            row.sender = identity.meant(.agent, by: row.sender, identityChoice, in: &batch.strings)
        }
    }

    /// The first of the attributes that says something, on the record or else on its resource.
    private mutating func configuredName(_ sources: [Slot], _ first: Int, into batch: inout SpanBatch) -> StringRef {
        for (index, slot) in sources.enumerated() {
            let own = name(nameText(candidates.value(slot)), into: &batch)
            if own != 0 { return own }
            if identityOfResource[first + index] != 0 { return identityOfResource[first + index] }
        }
        return 0
    }

    /// Text, or the digits of a whole number.
    private mutating func nameText(_ value: AttributeValue) -> Text {
        switch value.shape {
        case .text: value.text
        case .integer: arena.decimal(Int64(bitPattern: value.bits))
        default: .none
        }
    }

    private static func place(of part: IdentityRules.Part, in row: SpanRecord) -> WritableKeyPath<SpanRecord, StringRef> {
        switch part {
        case .agent: row.kind == .handoff ? \.sender : \.agent
        case .tenant: \.tenant
        case .department: \.department
        case .version: \.agentVersion
        case .environment: \.environment
        case .conversation: \.conversation
        case .workflow: \.workflow
        }
    }
}
