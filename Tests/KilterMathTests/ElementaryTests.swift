import Foundation
import KilterMath
import Seeded
import Testing

@Suite("Elementary functions from the four operations")
struct ElementaryTests {
    static func relative(_ a: Double, _ b: Double) -> Double { b == 0 ? Swift.abs(a) : Swift.abs(a / b - 1) }

    @Test("Logarithm and exponential agree with the C library's within four units of the sixteenth digit")
    func logarithm() {
        var random = Seeded(1)
        for _ in 0..<20_000 {
            let x = Foundation.exp(Double.random(in: -700...700, using: &random))
            let near = Double.random(in: 0.99...1.01, using: &random)
            #expect(Self.relative(Elementary.log(x), Foundation.log(x)) < 4e-16)
            #expect(Swift.abs(Elementary.log(near) - Foundation.log(near)) < 1e-17)
            let power = Double.random(in: -700...700, using: &random)
            #expect(Self.relative(Elementary.exp(power), Foundation.exp(power)) < 4e-16)
        }
        #expect(Elementary.log(1) == 0 && Elementary.exp(0) == 1)
        #expect(Elementary.log(0) == -.infinity && Elementary.log(-1).isNaN && Elementary.log(.infinity) == .infinity)
        #expect(Elementary.exp(-1000) == 0 && Elementary.exp(1000) == .infinity && Elementary.exp(.nan).isNaN)
    }

    @Test("The normal distribution agrees with the error function, its quantile inverts it, tails included")
    func normal() {
        for step in -370...80 {
            let x = Double(step) / 10, expected = 0.5 * Foundation.erfc(-x / 2.0.squareRoot())
            #expect(Self.relative(Elementary.normalDistribution(x), expected) < 3e-13, "at \(x)")
            guard step > -360, step < 60 else { continue }
            let p = Elementary.normalDistribution(x), slope = Elementary.normalDensity(x)
            // Above zero the probability itself carries no more than sixteen digits.
            #expect(Swift.abs(Elementary.normalQuantile(p) - x) < 1e-12 + 2e-16 / slope * p, "at \(x)")
        }
        #expect(
            Elementary.normalQuantile(0.5) == 0 && Elementary.normalQuantile(0) == -.infinity && Elementary.normalQuantile(1) == .infinity)
        #expect(Elementary.normalQuantile(2).isNaN && Elementary.normalDistribution(.nan).isNaN)
    }

    @Test("Logistic function and its inverse")
    func others() {
        #expect(Swift.abs(Elementary.logistic(Elementary.logit(0.91)) - 0.91) < 1e-15)
    }

    @Test("The position on the logarithmic scale is exact under doubling, monotonic, and near the logarithm")
    func position() {
        var random = Seeded(2), previous = Int32.min
        for step in 0..<40_000 {
            let x = 1 + Double(step) / 40_000, position = Elementary.logPosition(x)
            #expect(position >= previous)
            #expect(Swift.abs(Double(position) - 4096 * Foundation.log2(x)) < 1.1)
            previous = position
        }
        for _ in 0..<2_000 {
            let x = Foundation.exp(Double.random(in: -300...300, using: &random)), power = Int.random(in: -60...60, using: &random)
            #expect(Elementary.logPosition(x * Foundation.pow(2, Double(power))) == Elementary.logPosition(x) + Int32(power) * 4096)
        }
    }
}
