// One server, spoken to over one connection: TLS verified, no redirects, no proxy, requests repeated where that helps.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fetch/wire.h"

namespace confide::fetch {

struct HttpResponse {
  long status = 0;
  std::string body;
};

struct HttpRequest {
  std::string method = "GET";
  std::string path;                  // begins with "/"
  std::vector<std::string> headers;  // "Name: value"
  std::string body;                  // JSON
};

class Http {
 public:
  // `address`: https://host[:port][/path]; plain http only to this machine. Error: kNotConfigured.
  static Fetched<Http> create(const std::string& address, const std::string& ca_file);
  Http(Http&&) noexcept;
  Http& operator=(Http&&) = delete;
  ~Http();

  // Any status is a response, but 429 and 5xx: they are repeated, after Retry-After or with growing pauses, until
  // kPatienceMs have passed since creation; then the failure is kRateLimited or kUnreachable. An answer of more than
  // kMaxBody bytes is a failure.
  Fetched<HttpResponse> send(const HttpRequest& request);

  // The patience begins anew.
  void be_patient_again();

  // Gives back the connection with its buffers, which hold what was received; the next request makes another one.
  void hang_up();

  static constexpr int64_t kPatienceMs = 20'000;
  static constexpr size_t kMaxBody = size_t{4} << 20;

 private:
  struct Impl;
  explicit Http(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One part of a path, with everything but letters, digits, "-", ".", "_" and "~" as %XX (RFC 3986).
std::string escape_part(std::string_view part);
// The same, part by part between "/".
std::string escape_path(std::string_view path);

}  // namespace confide::fetch
