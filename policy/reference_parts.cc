#include "policy/reference_parts.h"

#include "base/text.h"

namespace confide::policy {

namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// A piece of the reference that knows where it stands.
struct Piece {
  std::string_view text;
  size_t offset = 0;

  size_t end() const { return offset + text.size(); }
  Piece from(size_t at) const { return {text.substr(at), offset + at}; }
  Piece first(size_t length) const { return {text.substr(0, length), offset}; }
};

Error refuse(size_t offset, std::string_view cause) {
  return Error{ErrorKind::kRefused, 0, cat("column ", offset + 1, ": ", cause)};
}

std::vector<Piece> split(Piece all, char separator) {
  std::vector<Piece> pieces;
  size_t begin = 0;
  for (;;) {
    const size_t at = all.text.find(separator, begin);
    if (at == std::string_view::npos) break;
    pieces.push_back(all.from(begin).first(at - begin));
    begin = at + 1;
  }
  pieces.push_back(all.from(begin));
  return pieces;
}

// Cuts `all` at `separator`: what stands before it stays, what follows it is returned.
std::optional<Piece> cut_first(Piece& all, char separator) {
  const size_t at = all.text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const Piece rest = all.from(at + 1);
  all = all.first(at);
  return rest;
}
std::optional<Piece> cut_last(Piece& all, char separator) {
  const size_t at = all.text.rfind(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const Piece rest = all.from(at + 1);
  all = all.first(at);
  return rest;
}

// Rules for a part of every scheme but op's. A part may end up as an argument of a provider's program, hence no "-" in
// front.
Status check_part(Piece part, std::string_view what) {
  if (part.text.empty()) return refuse(part.offset, cat(what, " is missing"));
  if (part.text.front() == '-') return refuse(part.offset, cat(what, " may not begin with '-'"));
  if (part.text.front() == ' ' || part.text.back() == ' ') {
    return refuse(part.text.front() == ' ' ? part.offset : part.end() - 1, cat(what, " has a space at its end"));
  }
  for (size_t i = 0; i < part.text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(part.text[i]);
    if (byte < 0x20 || byte == 0x7f) return refuse(part.offset + i, cat(what, " has a control character"));
  }
  return {};
}

// Letters, digits, "_", "." and "-".
Status check_word(Piece part, std::string_view what) {
  TRY(check_part(part, what));
  for (size_t i = 0; i < part.text.size(); ++i) {
    const char c = part.text[i];
    if (!is_word(c) && c != '_' && c != '.' && c != '-') {
      return refuse(part.offset + i, cat(what, " is letters, digits, '_', '.' and '-'"));
    }
  }
  return {};
}

// Parts between slashes, none of which is empty, "." or "..".
Status check_path(Piece path, std::string_view what) {
  TRY(check_part(path, what));
  for (const Piece& part : split(path, '/')) {
    if (part.text.empty()) return refuse(part.offset, cat(what, " has an empty part"));
    if (part.text == "." || part.text == "..") return refuse(part.offset, cat(what, " has a part '.' or '..'"));
  }
  return {};
}

Result<uint64_t> parse_version(Piece query) {
  constexpr std::string_view kName = "version=";
  if (!query.text.starts_with(kName)) return refuse(query.offset, "the only parameter here is ?version=N");
  const Piece digits = query.from(kName.size());
  const auto number = parse_number(digits.text);
  if (!number || *number == 0 || digits.text.front() == '0') {
    return refuse(digits.offset, "a version is a number from 1");
  }
  return uint64_t{*number};
}

// The grammar of 1Password's own parser (@1password/sdk 0.5.0, validateSecretReference): segments may be empty and hold
// spaces; one parameter at most. Names are compared by the provider.
Result<Parts> parse_op(Piece rest) {
  constexpr std::string_view kFormat =
      "invalid format: must be <vault>/<item>/[section/]field[?attribute=otp|totp][?ssh-format=openssh]";
  OpItem item;
  const auto query = cut_first(rest, '?');
  const auto segments = split(rest, '/');
  if (segments.size() < 3) return refuse(rest.end(), kFormat);
  if (segments.size() > 4) return refuse(segments[4].offset, kFormat);
  for (size_t i = 0; i < rest.text.size(); ++i) {
    const char c = rest.text[i];
    if (!is_word(c) && c != '_' && c != '.' && c != '-' && c != ' ' && c != '/') {
      return refuse(rest.offset + i,
                    "invalid character: names are letters, digits, '_', '.', '-' and spaces; "
                    "for any other name use the item's id");
    }
  }
  if (query) {
    Piece key = *query;
    const auto value = cut_first(key, '=');
    if (!value) return refuse(key.offset, kFormat);
    if (key.text == "attribute" && value->text == "otp") {
      item.attribute = OpItem::Attribute::kOtp;
    } else if (key.text == "attribute" && value->text == "totp") {
      item.attribute = OpItem::Attribute::kTotp;
    } else if (key.text == "ssh-format" && value->text == "openssh") {
      item.attribute = OpItem::Attribute::kSshOpenSsh;
    } else if (key.text == "attribute" || key.text == "ssh-format") {
      return refuse(value->offset, "invalid parameter value: attribute is otp or totp, ssh-format is openssh");
    } else {
      return refuse(key.offset, "invalid parameter: only attribute and ssh-format are known");
    }
  }
  item.vault = segments[0].text;
  item.item = segments[1].text;
  if (segments.size() == 4) item.section = std::string(segments[2].text);
  item.field = segments.back().text;
  return item;
}

Result<Parts> parse_confide(Piece rest) {
  StoredSecret secret;
  if (const auto query = cut_first(rest, '?')) secret.version = TRY(parse_version(*query));
  const auto segments = split(rest, '/');
  if (segments.size() > 2) return refuse(segments[2].offset, "invalid format: must be [environment/]NAME[?version=N]");
  if (segments.size() == 2) {
    TRY(check_word(segments[0], "the environment"));
    secret.environment = segments[0].text;
  }
  TRY(check_word(segments.back(), "the name"));
  secret.name = segments.back().text;
  return secret;
}

Result<Parts> parse_vault(Piece rest) {
  VaultEntry entry;
  Piece path = rest;
  auto key = cut_first(path, '#');
  if (!key) return refuse(rest.end(), "invalid format: must be mount/path#key[?version=N]");
  if (const auto query = cut_first(*key, '?')) entry.version = TRY(parse_version(*query));
  Piece mount = path;
  const auto below = cut_first(mount, '/');
  TRY(check_part(mount, "the mount"));
  if (!below) return refuse(mount.end(), "the path below the mount is missing");
  TRY(check_path(*below, "the path"));
  TRY(check_part(*key, "the key"));
  entry.mount = mount.text;
  entry.path = below->text;
  entry.key = key->text;
  return entry;
}

Result<Parts> parse_file(Piece rest, std::string_view example) {
  if (!rest.text.starts_with('/')) return refuse(rest.offset, cat("the path must be absolute: ", example));
  TRY(check_path(rest.from(1), "the path"));
  return FileEntry{.path = std::string(rest.text), .key = {}};
}

Result<Parts> parse_sops(Piece rest) {
  Piece path = rest;
  const auto key = cut_last(path, '#');
  if (!key) return refuse(rest.end(), "the key is missing: sops:///file#a.b");
  auto parts = TRY(parse_file(path, "sops:///file#a.b"));
  TRY(check_part(*key, "the key"));
  for (const Piece& part : split(*key, '.')) {
    if (part.text.empty()) return refuse(part.offset, "the key has an empty part");
  }
  std::get<FileEntry>(parts).key = key->text;
  return parts;
}

Result<Parts> parse_keyed(Piece rest, std::string_view what) {
  KeyedEntry entry;
  if (const auto key = cut_first(rest, '#')) {
    TRY(check_part(*key, "what follows '#'"));
    entry.key = key->text;
  }
  TRY(check_path(rest, what));
  entry.path = rest.text;
  return entry;
}

Result<Parts> parse_gcp(Piece rest) {
  CloudSecret secret;
  if (const auto query = cut_first(rest, '?')) secret.version = TRY(parse_version(*query));
  const auto segments = split(rest, '/');
  if (segments.size() != 2) return refuse(rest.offset, "invalid format: must be project/NAME[?version=N]");
  TRY(check_word(segments[0], "the project"));
  TRY(check_word(segments[1], "the name"));
  secret.project = segments[0].text;
  secret.name = segments[1].text;
  return secret;
}

Result<Parts> parse_doppler(Piece rest) {
  const auto segments = split(rest, '/');
  if (segments.size() != 3) return refuse(rest.offset, "invalid format: must be project/config/NAME");
  TRY(check_word(segments[0], "the project"));
  TRY(check_word(segments[1], "the config"));
  TRY(check_word(segments[2], "the name"));
  return DopplerSecret{std::string(segments[0].text), std::string(segments[1].text), std::string(segments[2].text)};
}

Result<Parts> parse_infisical(Piece rest) {
  const auto segments = split(rest, '/');
  if (segments.size() < 3) return refuse(rest.end(), "invalid format: must be project/environment/[folder/]NAME");
  InfisicalSecret secret;
  for (size_t i = 0; i < segments.size(); ++i) {
    TRY(check_word(segments[i], "each part"));
    if (i >= 2 && i + 1 < segments.size()) secret.folder += cat("/", segments[i].text);
  }
  if (secret.folder.empty()) secret.folder = "/";
  secret.project = segments[0].text;
  secret.environment = segments[1].text;
  secret.name = segments.back().text;
  return secret;
}

Result<Parts> parse_secret_service(Piece rest) {
  SecretServiceItem item;
  for (Piece name : split(rest, ',')) {
    const auto value = cut_first(name, '=');
    if (!value) return refuse(name.end(), "invalid format: must be attribute=value[,attribute=value…]");
    TRY(check_word(name, "an attribute"));
    TRY(check_part(*value, "an attribute's value"));
    item.attributes.emplace_back(name.text, value->text);
  }
  return item;
}

Result<Parts> parse_keyring(Piece rest) {
  Piece keyring = rest;
  const auto description = cut_first(keyring, '/');
  if (!description || (keyring.text != "session" && keyring.text != "user")) {
    return refuse(rest.offset, "invalid format: must be session/description or user/description");
  }
  TRY(check_part(*description, "the description"));
  return KeyringKey{.keyring = keyring.text == "user" ? KeyringKey::Keyring::kUser : KeyringKey::Keyring::kSession,
                    .description = std::string(description->text)};
}

Result<Parts> parse_exec(Piece rest) {
  ExecSecret secret;
  if (const auto id = cut_first(rest, '/')) {
    TRY(check_part(*id, "the id"));
    secret.id = id->text;
  }
  TRY(check_word(rest, "the program"));
  if (rest.text == "." || rest.text == "..") return refuse(rest.offset, "the program is a name, not a folder");
  secret.program = rest.text;
  return secret;
}

Result<Parts> parse_env(Piece rest) {
  if (const auto valid = check_variable_name(rest.text); !valid) return refuse(rest.offset, valid.error().what);
  return NamedSecret{std::string(rest.text)};
}

Result<Parts> parse_systemd_cred(Piece rest) {
  TRY(check_path(rest, "the name"));
  if (rest.text.find('/') != std::string_view::npos) return refuse(rest.offset, "the name has no '/'");
  return NamedSecret{std::string(rest.text)};
}

Result<Parts> parse_fd(Piece rest) {
  const auto number = parse_number(rest.text);
  if (!number || (rest.text.size() > 1 && rest.text.front() == '0') || *number > 1048576) {
    return refuse(rest.offset, "a descriptor is a number: fd:3");
  }
  if (*number < 3)
    return refuse(rest.offset, "descriptors 0, 1 and 2 are the standard streams; stdin: reads the first");
  return Descriptor{static_cast<int>(*number)};
}

Result<Parts> parse_stdin(Piece rest) {
  if (!rest.text.empty()) return refuse(rest.offset, "nothing follows stdin:");
  return StandardInput{};
}

}  // namespace

Result<Parts> parse_parts(Scheme scheme, std::string_view text, size_t offset) {
  const Piece rest{text, offset};
  switch (scheme) {
    case Scheme::kOp:
    case Scheme::kConnect: return parse_op(rest);
    case Scheme::kConfide: return parse_confide(rest);
    case Scheme::kVault: return parse_vault(rest);
    case Scheme::kSops: return parse_sops(rest);
    case Scheme::kAge: return parse_file(rest, "age:///file");
    case Scheme::kAwsSm: return parse_keyed(rest, "the secret's id");
    case Scheme::kGcpSm: return parse_gcp(rest);
    case Scheme::kDoppler: return parse_doppler(rest);
    case Scheme::kInfisical: return parse_infisical(rest);
    case Scheme::kPass:
    case Scheme::kGopass: return parse_keyed(rest, "the entry's path");
    case Scheme::kBitwarden: return parse_keyed(rest, "the item");
    case Scheme::kSecretService: return parse_secret_service(rest);
    case Scheme::kSystemdCred: return parse_systemd_cred(rest);
    case Scheme::kKeyring: return parse_keyring(rest);
    case Scheme::kExec: return parse_exec(rest);
    case Scheme::kFile: return parse_file(rest, "file:///etc/token");
    case Scheme::kEnv: return parse_env(rest);
    case Scheme::kFd: return parse_fd(rest);
    case Scheme::kStdin: return parse_stdin(rest);
  }
  return Error{ErrorKind::kInternal, 0, "a scheme without a grammar"};
}

}  // namespace confide::policy
