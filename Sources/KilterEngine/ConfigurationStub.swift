public struct ConfigurationError: Error, CustomStringConvertible { public var description: String }
public struct Configuration { 
  public static let commentedDefaults = ""
  public var withoutEffect: [(path: String, line: Int)] = []
  public var settings: Settings { Settings() }
  public static func parse(_ text: String, file: String, profile: String?) throws(ConfigurationError) -> Configuration { Configuration() }
}
