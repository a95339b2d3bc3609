import KilterVocabulary

extension SignalChange.Step {
    /// A kind of step as findings and reports name it.
    public init(_ kind: RunTally.StepKind) {
        switch kind {
        case .tool: self = .tool
        case .request: self = .request
        case .answer: self = .answer
        case .inference: self = .inference
        case .opening: self = .opening
        case .phase: self = .phase
        }
    }
}

extension RunTally.StepKind {
    /// The other way round; nil for what is no kind of step.
    public init?(_ step: SignalChange.Step) {
        guard let kind = Self.allCases.first(where: { SignalChange.Step($0) == step }) else { return nil }
        self = kind
    }
}
