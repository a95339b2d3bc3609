/// What tokens cost, by model and date.
public struct PriceList: Sendable, Equatable {
    public init() {}
}
