#include "fetch/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <time.h>

#include <algorithm>

#include "base/sys.h"
#include "base/text.h"

namespace confide::fetch {
namespace {

constexpr long kConnectMs = 5'000;
constexpr long kRequestMs = 15'000;
constexpr int64_t kFirstPauseMs = 200;

void pause(int64_t ms) {
  const timespec time{ms / 1000, (ms % 1000) * 1'000'000};
  ::nanosleep(&time, nullptr);
}

size_t take_body(char* bytes, size_t size, size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size * count > Http::kMaxBody) return 0;
  text.append(bytes, size * count);
  return size * count;
}

// A name like 127.0.0.1.nip.io is wherever the name service says.
bool is_this_machine(std::string_view host) {
  in_addr address{};
  const bool is_address = ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
  return host == "localhost" || host == "[::1]" || (is_address && host.starts_with("127."));
}

Failure explain(CURLcode code, const char* detail, const std::string& address) {
  const std::string more = detail[0] != '\0' ? detail : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CONNECT_ERROR)
    return {Why::kUnreachable,
            cat("the certificate of ", printable(address), " is not to be trusted: ", printable(more))};
  if (code == CURLE_OPERATION_TIMEDOUT) return {Why::kTimedOut, cat(printable(address), " does not answer")};
  if (code == CURLE_WRITE_ERROR) return {Why::kUnusable, "the answer is too large"};
  return {Why::kUnreachable, cat(printable(address), ": ", printable(more))};
}

}  // namespace

struct Http::Impl {
  CURL* curl = nullptr;
  std::string address;
  std::string ca_file;
  int64_t deadline = 0;
  char error[CURL_ERROR_SIZE] = {};

  ~Impl() {
    if (curl != nullptr) curl_easy_cleanup(curl);
  }

  CURLcode once(const HttpRequest& request, HttpResponse& response, int64_t& retry_after_ms) {
    if (curl == nullptr) curl = curl_easy_init();
    if (curl == nullptr) return CURLE_OUT_OF_MEMORY;
    curl_easy_reset(curl);  // the connection stays
    const std::string url = address + request.path;
    curl_slist* headers = nullptr;
    for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
    if (!request.body.empty()) headers = curl_slist_append(headers, "Content-Type: application/json");
    response = {};
    error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");  // which of them: create()
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kRequestMs);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "confide");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.body);
    if (!ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (!request.body.empty()) {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    const CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) return code;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response.status);
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
      retry_after_ms = seconds * 1000;
    return code;
  }
};

Http::Http(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Http::Http(Http&&) noexcept = default;
Http::~Http() = default;

Fetched<Http> Http::create(const std::string& address, const std::string& ca_file) {
  const auto refuse = [](std::string text) { return std::unexpected(Failure{Why::kNotConfigured, std::move(text)}); };
  const bool secure = address.starts_with("https://");
  if (!secure && !address.starts_with("http://"))
    return refuse(cat("the address must begin with https://: ", printable(address)));
  const size_t begin = secure ? 8 : 7;
  std::string_view host = std::string_view(address).substr(begin);
  host = host.substr(0, host.find('/'));
  if (host.find('@') != std::string_view::npos) return refuse("the address must not hold a password");
  const std::string_view name =
      host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  if (!secure && !is_this_machine(name))
    return refuse(cat("over plain http everybody on the way could read the token: use https://", printable(host)));
  auto impl = std::make_unique<Impl>();
  impl->curl = curl_easy_init();
  if (impl->curl == nullptr) return refuse("libcurl does not start");
  impl->address = address;
  while (impl->address.ends_with('/')) impl->address.pop_back();
  impl->ca_file = ca_file;
  impl->deadline = sys::monotonic_ms() + kPatienceMs;
  return Http(std::move(impl));
}

void Http::be_patient_again() { impl_->deadline = sys::monotonic_ms() + kPatienceMs; }

void Http::hang_up() {
  curl_easy_cleanup(impl_->curl);
  impl_->curl = nullptr;
}

Fetched<HttpResponse> Http::send(const HttpRequest& request) {
  int64_t pause_ms = kFirstPauseMs;
  for (;;) {
    HttpResponse response;
    int64_t retry_after_ms = 0;
    const CURLcode code = impl_->once(request, response, retry_after_ms);
    const bool refused = code == CURLE_OK && (response.status == 429 || response.status >= 500);
    const bool broken = code == CURLE_COULDNT_CONNECT || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
    if (code == CURLE_OK && !refused) return response;
    if (code != CURLE_OK && !broken) return std::unexpected(explain(code, impl_->error, impl_->address));
    const int64_t wait = std::max(pause_ms, retry_after_ms);
    if (sys::monotonic_ms() + wait > impl_->deadline || (broken && pause_ms > kFirstPauseMs * 4)) {
      if (code != CURLE_OK) return std::unexpected(explain(code, impl_->error, impl_->address));
      if (response.status == 429)
        return std::unexpected(
            Failure{Why::kRateLimited, cat(printable(impl_->address), " says to wait",
                                           retry_after_ms > 0 ? cat(" ", retry_after_ms / 1000, " s") : "")});
      return std::unexpected(
          Failure{Why::kUnreachable, cat(printable(impl_->address), " answers with status ", response.status,
                                         response.status == 503 ? " (sealed, or starting)" : "")});
    }
    pause(wait);
    pause_ms *= 2;
  }
}

std::string escape_part(std::string_view part) {
  std::string out;
  for (const char c : part) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    out += '%';
    out += "0123456789ABCDEF"[(static_cast<unsigned char>(c) >> 4) & 15];
    out += "0123456789ABCDEF"[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string escape_path(std::string_view path) {
  std::string out;
  for (const std::string_view part : split(path, '/')) {
    if (!out.empty() || path.starts_with('/')) out += '/';
    out += escape_part(part);
  }
  return out;
}

}  // namespace confide::fetch
