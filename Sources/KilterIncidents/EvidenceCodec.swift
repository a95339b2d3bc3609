import KilterMath
import KilterVocabulary

extension ByteWriter {
    mutating func write(_ evidence: [Evidence]) {
        write(UInt32(evidence.count))
        for fact in evidence {
            write(fact.name)
            switch fact.value {
            case .string(let text):
                write(UInt8(0))
                write(text)
            case .integer(let number):
                write(UInt8(1))
                write(number)
            case .strings(let texts):
                write(UInt8(2))
                write(UInt32(texts.count))
                for text in texts { write(text) }
            case .facts(let facts):
                write(UInt8(3))
                write(facts)
            case .amount(let amount):
                write(UInt8(4))
                write(amount)
            case .amounts(let amounts):
                write(UInt8(5))
                write(UInt32(amounts.count))
                for amount in amounts { write(amount) }
            }
        }
    }

    mutating func write(_ amount: Amount) {
        write(amount.digits)
        write(amount.places)
    }
}

extension ByteReader {
    mutating func readAmount() throws(Short) -> Amount {
        let digits = try read(Int64.self)
        return Amount(digits: digits, places: try read())
    }

    /// - Parameter depth: nesting that is still followed; deeper input is damaged.
    mutating func readEvidence(depth: Int) throws(Short) -> [Evidence] {
        guard depth > 0 else { throw Short() }
        var evidence: [Evidence] = []
        for _ in 0..<(try read(UInt32.self)) {
            let name = try readString()
            switch try read(UInt8.self) {
            case 0: evidence.append(Evidence(name, .string(try readString())))
            case 1: evidence.append(Evidence(name, .integer(try read())))
            case 2:
                var texts: [String] = []
                for _ in 0..<(try read(UInt32.self)) { texts.append(try readString()) }
                evidence.append(Evidence(name, .strings(texts)))
            case 3: evidence.append(Evidence(name, .facts(try readEvidence(depth: depth - 1))))
            case 4: evidence.append(Evidence(name, .amount(try readAmount())))
            case 5:
                var amounts: [Amount] = []
                for _ in 0..<(try read(UInt32.self)) { amounts.append(try readAmount()) }
                evidence.append(Evidence(name, .amounts(amounts)))
            default: throw Short()
            }
        }
        return evidence
    }
}
