#include "collect/tls_collector.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>

#include "base/file.h"
#include "collect/certificate_collector.h"

namespace driftcast {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr int kChainMax = 16;

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

// False when the deadline passed.
bool WaitFor(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{fd, events, 0};
    const int n = poll(&entry, 1, static_cast<int>(left.count()) + 1);
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return true;  // the following call will say what is wrong
  }
}

// A wildcard address is reached over loopback.
std::string Reachable(std::string address) {
  if (address.starts_with("0.0.0.0:")) return "127.0.0.1:" + address.substr(8);
  if (address.starts_with("[::]:")) return "[::1]:" + address.substr(5);
  return address;
}

StatusOr<FileDescriptor> Connect(const std::string& address, Deadline deadline) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return InvalidArgument("{} has no port", address);
  const auto port = static_cast<uint16_t>(atoi(address.c_str() + colon + 1));
  std::string host = address.substr(0, colon);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const bool is_v6 = host.starts_with('[') && host.ends_with(']');
  if (is_v6) host = host.substr(1, host.size() - 2);
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(port);
  if (inet_pton(is_v6 ? AF_INET6 : AF_INET, host.c_str(),
                is_v6 ? static_cast<void*>(&v6.sin6_addr) : &v4.sin_addr) != 1)
    return InvalidArgument("{} is no address", address);
  FileDescriptor fd(
      socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return ErrnoStatus(errno, address);
  const int connected = is_v6 ? connect(fd.get(), reinterpret_cast<sockaddr*>(&v6), sizeof v6)
                              : connect(fd.get(), reinterpret_cast<sockaddr*>(&v4), sizeof v4);
  if (connected != 0 && errno != EINPROGRESS) return Unavailable("nobody answers at {}", address);
  if (!WaitFor(fd.get(), POLLOUT, deadline)) return DeadlineExceeded("{}: no answer", address);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Unavailable("nobody answers at {}", address);
  return fd;
}

std::string PemOf(SSL* ssl) {
  const std::unique_ptr<BIO, BioFree> out(BIO_new(BIO_s_mem()));
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; chain != nullptr && i < std::min(sk_X509_num(chain), kChainMax); ++i)
    PEM_write_bio_X509(out.get(), sk_X509_value(chain, i));
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<size_t>(std::max(size, 0L))};
}

}  // namespace

StatusOr<ShownCertificates> AskForCertificates(const std::string& address,
                                               std::chrono::milliseconds patience) {
  const Deadline deadline = std::chrono::steady_clock::now() + patience;
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor fd, Connect(address, deadline));
  const std::unique_ptr<SSL_CTX, ContextFree> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return Internal("OpenSSL gives no context");
  // We look at what is shown and send nothing, so trust is not the question.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const std::unique_ptr<SSL, SslFree> ssl(SSL_new(context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1) return Internal("OpenSSL gives no session");
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(ssl.get());
    if (result == 1) break;
    const int error = SSL_get_error(ssl.get(), result);
    const bool reads = error == SSL_ERROR_WANT_READ;
    if (!reads && error != SSL_ERROR_WANT_WRITE) {
      ERR_clear_error();
      // One that wants a certificate of ours has shown its own before it says so.
      if (SSL_get_peer_cert_chain(ssl.get()) != nullptr) break;
      return FailedPrecondition("{} does not speak TLS", address);
    }
    if (!WaitFor(fd.get(), reads ? POLLIN : POLLOUT, deadline))
      return DeadlineExceeded("{}: no answer", address);
  }
  return ShownCertificates{PemOf(ssl.get()), SSL_get_version(ssl.get())};
}

Status TlsCollector::ReadAll(std::vector<ResourceObserved>& out) {
  std::map<std::string, std::string> listening;  // resource name -> address
  for (const char* table : {"tcp", "tcp6"})
    processes_.ForEachSocket(table, [&](const SocketLine& socket) {
      if (socket.listening && options_.ports.contains(socket.port))
        listening["tcp/" + socket.address] = Reachable(socket.address);
    });
  for (const auto& [name, address] : listening) {
    const auto shown = AskForCertificates(address, options_.patience);
    ResourceObserved observed;
    observed.resource = {{}, "tls_certificate", name};
    observed.depends_on.push_back({"shown_by", "socket", name, {}});
    if (shown.status().code() == StatusCode::kDeadlineExceeded) {
      observed.uncompared.push_back({"", "the port does not answer in time"});
      out.push_back(std::move(observed));
      continue;
    }
    const auto facts = shown.ok() ? ReadCertificate(shown->pem) : std::nullopt;
    if (!facts) continue;
    AddCertificate(*facts, observed);
    observed.keys.push_back({"protocol", Value::Text(shown->protocol)});
    Canonicalize(observed.keys);
    out.push_back(std::move(observed));
  }
  return Ok();
}

}  // namespace driftcast
