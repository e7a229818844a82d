#include "http/server.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/event_stream.h"
#include "http/testing_socket.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Answers with what it understood.
HttpResponse Echo(const HttpRequest& request) {
  if (request.path == "/throw") throw std::runtime_error("on purpose");
  HttpResponse response;
  response.Set("Content-Type", "text/plain");
  response.body = request.method + " " + request.path + " [" + request.body + "] from " +
                  request.peer + " via " + std::string(request.Header("x-test"));
  return response;
}

class ServerTest : public testing::Test {
 protected:
  void StartServer(HttpServerOptions options = {}, HttpServer::Handler handler = Echo) {
    auto server = HttpServer::Start(std::move(options), std::move(handler));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Ask(const std::string& bytes, const std::string& until = {}) {
    TestingSocket socket(server_->port());
    socket.Send(bytes);
    return socket.Receive(until);
  }
  double Counter(const std::string& name) {
    for (const auto& [key, value] : server_->Counters()) {
      if (key == name) return value;
    }
    ADD_FAILURE() << "no counter " << name;
    return -1;
  }

  std::unique_ptr<HttpServer> server_;
};

TEST_F(ServerTest, Answers) {
  StartServer();
  const std::string answer =
      Ask("POST /a%20b HTTP/1.1\r\nHost: x\r\nX-Test: yes\r\nConnection: close\r\n"
          "Content-Length: 5\r\n\r\nhello");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nPOST /a b [hello] from 127.0.0.1 via yes"));
}

TEST_F(ServerTest, ReadsChunkedBodies) {
  StartServer();
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"),
              HasSubstr("[abcde]"));
}

TEST_F(ServerTest, SomePathsMayHaveLargerBodies) {
  HttpServerOptions options;
  options.body_bytes_max = 3;
  options.large_paths = {"/large"};
  options.large_body_bytes_max = 5;
  StartServer(std::move(options));
  const auto post = [this](const std::string& target, const std::string& body) {
    return Ask(fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Content-Length: {}\r\n\r\n{}",
                           target, body.size(), body))
        .substr(9, 3);
  };
  const auto chunked = [this](const std::string& target, const std::string& body) {
    return Ask(fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                           target, body.size(), body))
        .substr(9, 3);
  };
  EXPECT_EQ(post("/large?x=1", "12345"), "200");
  EXPECT_EQ(post("/large", "123456"), "413");
  EXPECT_EQ(post("/larger", "123"), "200");
  EXPECT_EQ(post("/larger", "1234"), "413");
  EXPECT_EQ(chunked("/large", "12345"), "200");
  EXPECT_EQ(chunked("/larger", "1234"), "413");
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  StartServer();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  requests += "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string answer = Ask(requests);
  EXPECT_EQ(Count(answer, "HTTP/1.1 200 OK"), 51u);
  for (int i = 1; i < 50; ++i) {
    EXPECT_LT(answer.find("GET /" + std::to_string(i - 1) + " "),
              answer.find("GET /" + std::to_string(i) + " "));
  }
}

TEST_F(ServerTest, AHeadHasNoBodyButItsLength) {
  StartServer();
  const std::string answer = Ask("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 2"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}

TEST_F(ServerTest, ContinuesWhenAskedTo) {
  StartServer();
  TestingSocket socket(server_->port());
  socket.Send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(socket.Receive("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue"));
  socket.Send("ok");
  EXPECT_THAT(socket.Receive("[ok]"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, AThrowingHandlerIsAnInternalError) {
  StartServer();
  EXPECT_THAT(Ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n", "}"), StartsWith("HTTP/1.1 500"));
}

struct HostileCase {
  const char* name;
  const char* bytes;
  int status;
  friend void PrintTo(const HostileCase& hostile, std::ostream* out) { *out << hostile.status; }
};

class HostileTest : public ServerTest, public testing::WithParamInterface<HostileCase> {};

TEST_P(HostileTest, IsRefusedAndTheConnectionClosed) {
  StartServer({}, [](const HttpRequest&) -> HttpResponse {
    ADD_FAILURE() << "the handler must not see this";
    return {};
  });
  TestingSocket socket(server_->port());
  socket.Send(GetParam().bytes);
  socket.EndSending();
  const std::string answer = socket.Receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status)));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_TRUE(socket.ended());
}

INSTANTIATE_TEST_SUITE_P(
    Requests, HostileTest,
    testing::Values(
        HostileCase{"Garbage", "\x16\x03\x01\x02\r\n\r\n", 400},
        HostileCase{"NoVersion", "GET /\r\n\r\n", 400},
        HostileCase{"Version", "GET / HTTP/3.7\r\nHost: x\r\n\r\n", 400},
        HostileCase{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        HostileCase{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        HostileCase{"AbsoluteTarget", "GET http://e/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        HostileCase{"Traversal", "GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        HostileCase{"BadEscape", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        HostileCase{"SpaceInName", "GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", 400},
        HostileCase{"NegativeLength", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                    400},
        HostileCase{
            "TwoLengths",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
        HostileCase{"LengthAndChunked",
                    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    400},
        HostileCase{"BadChunkSize",
                    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        HostileCase{"ChunkTooLong",
                    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
                    400},
        HostileCase{"HugeChunk",
                    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "ffffffffffffffff\r\n",
                    413},
        HostileCase{"LargeChunk",
                    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
                    413},
        HostileCase{"LargeBody", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n",
                    413}),
    [](const auto& hostile) { return hostile.param.name; });

TEST_F(ServerTest, LargeHeadersAreRefused) {
  StartServer();
  const std::string long_value(20 << 10, 'a');
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: x\r\nX: " + long_value + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_EQ(Counter("http_requests_rejected_total"), 1);
}

TEST_F(ServerTest, TheLargestBodyAllowedPasses) {
  StartServer();
  const std::string body(1 << 20, 'b');
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body),
              HasSubstr("[" + body + "]"));
}

TEST_F(ServerTest, SlowRequestsAreCutOffAndHarmNobody) {
  HttpServerOptions options;
  options.read_timeout = std::chrono::milliseconds(300);
  StartServer(options);
  TestingSocket slow_header(server_->port()), slow_body(server_->port()), silent(server_->port());
  slow_header.Send("GET / HTTP/1.1\r\nHost: x\r\nX: ");
  slow_body.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na");
  for (int i = 0; i < 6; ++i) {  // a byte now and then does not help
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    slow_header.Send("a");
    slow_body.Send("b");
  }
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), HasSubstr("200 OK"));
  for (TestingSocket* socket : {&slow_header, &slow_body, &silent}) {
    EXPECT_EQ(socket->Receive(), "");
    EXPECT_TRUE(socket->ended());
  }
}

TEST_F(ServerTest, IdleConnectionsAreClosed) {
  HttpServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(200);
  StartServer(options);
  TestingSocket socket(server_->port());
  socket.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(socket.Receive("via"), HasSubstr("200 OK"));
  socket.Receive();
  EXPECT_TRUE(socket.ended());
}

TEST_F(ServerTest, ConnectionsBeyondTheCapAreClosed) {
  HttpServerOptions options;
  options.connections_max = 2;
  StartServer(options);
  auto first = std::make_unique<TestingSocket>(server_->port());
  TestingSocket second(server_->port());
  first->Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  second.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(first->Receive("via"), HasSubstr("200"));
  EXPECT_THAT(second.Receive("via"), HasSubstr("200"));
  TestingSocket third(server_->port());
  third.Receive();
  EXPECT_TRUE(third.ended());
  EXPECT_EQ(Counter("http_connections_refused_total"), 1);
  first.reset();
  while (Counter("http_connections") > 1) std::this_thread::yield();
  TestingSocket fourth(server_->port());
  fourth.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(fourth.Receive("via"), HasSubstr("200"));
}

TEST_F(ServerTest, WhenAllWorkersAreBusyItSaysSo) {
  std::atomic<bool> go{false};
  HttpServerOptions options;
  options.worker_threads = 1;
  options.worker_queue_max = 1;
  StartServer(options, [&](const HttpRequest& request) {
    while (request.path == "/wait" && !go) std::this_thread::yield();
    return Echo(request);
  });
  const std::string wait = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
  TestingSocket running(server_->port()), waiting(server_->port());
  running.Send(wait);
  waiting.Send(wait);
  while (Counter("http_requests_total") < 2) std::this_thread::yield();
  std::string answer;
  // The worker may not have taken the first task yet; at the latest the next request is refused.
  TestingSocket third(server_->port()), fourth(server_->port());
  third.Send(wait);
  while (Counter("http_requests_total") < 3) std::this_thread::yield();
  fourth.Send(wait);
  EXPECT_THAT(fourth.Receive("}"), StartsWith("HTTP/1.1 503"));
  go = true;
  EXPECT_THAT(running.Receive("via"), HasSubstr("200 OK"));
}

TEST_F(ServerTest, HeadersCannotBeSplit) {
  StartServer({}, [](const HttpRequest&) {
    HttpResponse response;
    response.Set("X-Evil", "a\r\nSet-Cookie: b").Set("X-Good", "c");
    return response;
  });
  const std::string answer = Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("X-Good: c\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
}

TEST_F(ServerTest, StopWaitsForHandlers) {
  std::atomic<bool> entered{false}, left{false};
  StartServer({}, [&](const HttpRequest& request) {
    entered = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    left = true;
    return Echo(request);
  });
  TestingSocket socket(server_->port());
  socket.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (!entered) std::this_thread::yield();
  server_->Stop();
  EXPECT_TRUE(left);
}

TEST(ServerStartTest, OtherThanLoopbackNeedsTls) {
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1"}) {
    HttpServerOptions options;
    options.address = address;
    const auto server = HttpServer::Start(options, Echo);
    EXPECT_EQ(server.status().code(), StatusCode::kFailedPrecondition) << address;
    EXPECT_THAT(Message(server.status()), HasSubstr("TLS"));
  }
}

TEST(ServerStartTest, SaysWhatIsWrong) {
  HttpServerOptions options;
  options.address = "localhost";
  EXPECT_EQ(HttpServer::Start(options, Echo).status().code(), StatusCode::kInvalidArgument);
  options.address = "127.0.0.1";
  options.tls = {"no certificate", "no key"};
  EXPECT_EQ(HttpServer::Start(options, Echo).status().code(), StatusCode::kInvalidArgument);
  options.tls = {};
  auto first = HttpServer::Start(options, Echo);
  ASSERT_TRUE(first.ok());
  options.port = (*first)->port();
  EXPECT_EQ(HttpServer::Start(options, Echo).status().code(), StatusCode::kAlreadyExists);
}

class StreamTest : public ServerTest {
 protected:
  void SetUp() override {
    HttpServerOptions options;
    options.heartbeat = std::chrono::milliseconds(200);
    StartServer(options, [this](const HttpRequest&) {
      HttpResponse response;
      response.Set("Content-Type", "text/event-stream");
      response.stream = stream_;
      return response;
    });
  }
  void Publish(const std::string& text) {
    stream_->Send(std::make_shared<const std::string>(text));
  }
  static constexpr char kRequest[] = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";

  std::shared_ptr<EventStream> stream_ = std::make_shared<EventStream>(1 << 16, "RESYNC\n\n");
};

TEST_F(StreamTest, SendsWhatIsPublishedAsChunks) {
  TestingSocket socket(server_->port());
  socket.Send(kRequest);
  EXPECT_THAT(socket.Receive("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked"));
  Publish("data: one\n\n");
  EXPECT_EQ(socket.Receive("one\n\n\r\n"), "b\r\ndata: one\n\n\r\n");
  EXPECT_EQ(Counter("http_streams"), 1);
  Publish("data: two\n\n");
  stream_->Close();
  EXPECT_THAT(socket.Receive(), testing::EndsWith("data: two\n\n\r\n0\r\n\r\n"));
  EXPECT_TRUE(socket.ended());
}

TEST_F(StreamTest, SilentStreamsBeat) {
  TestingSocket socket(server_->port());
  socket.Send(kRequest);
  EXPECT_THAT(socket.Receive("3\r\n:\n\n\r\n"), HasSubstr(":\n\n"));
}

TEST_F(StreamTest, NoticesThatTheClientLeft) {
  {
    TestingSocket socket(server_->port());
    socket.Send(kRequest);
    socket.Receive("\r\n\r\n");
  }
  for (int i = 0; i < 500 && !stream_->closed(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(stream_->closed());
}

TEST_F(StreamTest, AClientThatDoesNotReadIsToldToStartAgain) {
  TestingSocket socket(server_->port(), 4096);
  socket.Send(kRequest);
  socket.Receive("\r\n\r\n");
  const std::string chunk(32 << 10, 'x');
  for (int i = 0; i < 2000 && stream_->resyncs() == 0; ++i) {
    Publish(chunk);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GT(stream_->resyncs(), 0u);
  stream_->Close();
  EXPECT_THAT(socket.Receive({}, 20000), HasSubstr("RESYNC"));
}

TEST_F(StreamTest, StopEndsStreamsAndLatePublishersAreHarmless) {
  TestingSocket socket(server_->port());
  socket.Send(kRequest);
  socket.Receive("\r\n\r\n");
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    while (!stop) Publish("data: x\n\n");
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  server_->Stop();
  stop = true;
  publisher.join();
  socket.Receive();
  EXPECT_TRUE(socket.ended());
  EXPECT_TRUE(stream_->closed());
}

}  // namespace
}  // namespace driftcast
