/// What of a configuration the decoders depend on. Equal rules and equal bytes give equal rows.
public struct IntakeRules: Sendable {
    /// The key of content fingerprints.
    public var key: FingerprintKey
    /// Attributes beyond the dialects' own that name agents, tenants and what else identifies them.
    public var identity: IdentityRules
    /// What tokens cost.
    public var prices: PriceList
    /// Members of arguments and results that are not what a call is about.
    public var volatile: [VolatileFields]

    public init(
        key: FingerprintKey = .published, identity: IdentityRules = IdentityRules(), prices: PriceList = PriceList(),
        volatile: [VolatileFields] = []
    ) {
        self.key = key
        self.identity = identity
        self.prices = prices
        self.volatile = volatile
    }
}

/// Members that differ from call to call of a tool although the call is the same: request ids, nonces, free text.
public struct VolatileFields: Sendable, Equatable {
    /// A pattern of tools' names.
    public var tool: String
    /// Names of members, at any depth; case, underscores and hyphens make no difference.
    public var fields: [String]

    public init(tool: String, fields: [String]) {
        self.tool = tool
        self.fields = fields
    }
}
