#include "policy/reference.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "policy/reference_parts.h"

namespace confide::policy {

namespace {

struct SchemeRow {
  Scheme scheme;
  std::string_view prefix;
};
constexpr std::array kSchemes = {
    SchemeRow{Scheme::kOp, "op://"},
    SchemeRow{Scheme::kConfide, "confide://"},
    SchemeRow{Scheme::kVault, "vault://"},
    SchemeRow{Scheme::kConnect, "connect://"},
    SchemeRow{Scheme::kSops, "sops://"},
    SchemeRow{Scheme::kAge, "age://"},
    SchemeRow{Scheme::kAwsSm, "aws-sm://"},
    SchemeRow{Scheme::kGcpSm, "gcp-sm://"},
    SchemeRow{Scheme::kDoppler, "doppler://"},
    SchemeRow{Scheme::kInfisical, "infisical://"},
    SchemeRow{Scheme::kPass, "pass://"},
    SchemeRow{Scheme::kGopass, "gopass://"},
    SchemeRow{Scheme::kBitwarden, "bw://"},
    SchemeRow{Scheme::kSecretService, "secret-service://"},
    SchemeRow{Scheme::kSystemdCred, "systemd-cred://"},
    SchemeRow{Scheme::kKeyring, "keyring://"},
    SchemeRow{Scheme::kExec, "exec:"},
    SchemeRow{Scheme::kFile, "file://"},
    SchemeRow{Scheme::kEnv, "env:"},
    SchemeRow{Scheme::kFd, "fd:"},
    SchemeRow{Scheme::kStdin, "stdin:"},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c); }

const SchemeRow* row_of(std::string_view text) {
  const auto at = std::ranges::find_if(kSchemes, [&](const SchemeRow& row) { return text.starts_with(row.prefix); });
  return at == kSchemes.end() ? nullptr : &*at;
}

Error refuse(size_t offset, std::string_view cause) {
  return Error{ErrorKind::kRefused, 0, cat("column ", offset + 1, ": ", cause)};
}

// Equal but for case, one letter changed, one too many, one too few, or two neighbours exchanged.
bool one_slip_apart(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  size_t same = 0;
  while (same < a.size() && a[same] == b[same]) ++same;
  if (a.size() < b.size()) return a.substr(same) == b.substr(same + 1);
  if (same + 1 >= a.size() || a.substr(same + 1) == b.substr(same + 1)) return true;
  return a[same] == b[same + 1] && a[same + 1] == b[same] && a.substr(same + 2) == b.substr(same + 2);
}

}  // namespace

std::string_view prefix_of(Scheme scheme) { return std::ranges::find(kSchemes, scheme, &SchemeRow::scheme)->prefix; }

std::optional<Scheme> scheme_of(std::string_view text) {
  const SchemeRow* row = row_of(text);
  return row == nullptr ? std::nullopt : std::optional(row->scheme);
}

bool names_a_store(Scheme scheme) {
  return scheme != Scheme::kFile && scheme != Scheme::kEnv && scheme != Scheme::kFd && scheme != Scheme::kStdin &&
         scheme != Scheme::kExec;
}

Result<Reference> parse_reference(std::string_view text) {
  const SchemeRow* row = row_of(text);
  if (row == nullptr) {
    if (const auto meant = misspelt_scheme(text)) {
      return refuse(0, cat("not a reference: did you mean ", prefix_of(*meant), "?"));
    }
    return refuse(0, "not a reference: it must begin with a scheme such as op://, confide://, vault:// or file://");
  }
  if (text.size() > kMaxReferenceBytes) {
    return refuse(kMaxReferenceBytes, cat("a reference has at most ", kMaxReferenceBytes, " bytes"));
  }
  const size_t begin = row->prefix.size();
  auto parts = TRY(parse_parts(row->scheme, text.substr(begin), begin));
  return Reference{row->scheme, std::string(text), std::move(parts)};
}

bool looks_like_reference(std::string_view text) {
  const SchemeRow* row = row_of(text);
  if (row == nullptr) return false;
  switch (row->scheme) {
    case Scheme::kEnv:
    case Scheme::kFd:
    case Scheme::kStdin:
    case Scheme::kExec: return parse_reference(text).has_value();
    case Scheme::kOp:
    case Scheme::kConfide:
    case Scheme::kVault:
    case Scheme::kConnect:
    case Scheme::kSops:
    case Scheme::kAge:
    case Scheme::kAwsSm:
    case Scheme::kGcpSm:
    case Scheme::kDoppler:
    case Scheme::kInfisical:
    case Scheme::kPass:
    case Scheme::kGopass:
    case Scheme::kBitwarden:
    case Scheme::kSecretService:
    case Scheme::kSystemdCred:
    case Scheme::kKeyring:
    case Scheme::kFile: return true;
  }
  return false;
}

std::optional<Scheme> misspelt_scheme(std::string_view text) {
  constexpr size_t kLongest = 20;
  const size_t at = text.substr(0, kLongest).find("://");
  if (at == std::string_view::npos || row_of(text) != nullptr) return std::nullopt;
  std::string word(text.substr(0, at));
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const SchemeRow& row : kSchemes) {
    const auto known = row.prefix.substr(0, row.prefix.find(':'));
    if (row.prefix.ends_with("://") && one_slip_apart(word, known)) return row.scheme;
  }
  return std::nullopt;
}

Status check_variable_name(std::string_view name) {
  const auto bad = [](std::string_view cause) { return Error{ErrorKind::kRefused, 0, std::string(cause)}; };
  if (name.empty()) return bad("the name is empty");
  if (name.size() > 255) return bad("the name has more than 255 bytes");
  if (is_digit(name.front())) return bad("the name begins with a digit");
  if (name.front() == '.' || name.front() == '-') return bad("the name begins with '.' or '-'");
  for (const char c : name) {
    if (c == '\0') return bad("the name has a NUL byte");
    if (c == '\n' || c == '\r') return bad("the name has a line break");
    if (c == '=') return bad("the name has a '='");
    if (!is_word(c) && c != '_' && c != '.' && c != '-')
      return bad("the name has other than letters, digits, '_', '.', '-'");
  }
  return {};
}

}  // namespace confide::policy
