/// What of a configuration the decoders depend on. Equal rules and equal bytes give equal rows.
public struct IntakeRules: Sendable {
    /// The key of content fingerprints.
    public var key: FingerprintKey
    /// Attributes beyond the dialects' own that name agents, tenants and what else identifies them.
    public var identity: IdentityRules
    /// What tokens cost.
    public var prices: PriceList

    public init(
        key: FingerprintKey = .published, identity: IdentityRules = IdentityRules(), prices: PriceList = PriceList()
    ) {
        self.key = key
        self.identity = identity
        self.prices = prices
    }
}
