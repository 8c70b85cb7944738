#pragma once

#include "services/platform/blob/blob_store.h"
#include "services/platform/engine/dispatch.h"
#include "services/platform/engine/engine_host.h"
#include "services/routing/agent_streams.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::routing {

// Under way at once, per replica: each may hold files of 10 MiB.
inline constexpr int32_t kRepliesMax = 200;

// RoutingService on the wire: brings every call to the machine that owns its workspace, wherever
// that is. Thread-safe; what it is given must outlive it.
class RoutingServer final : public v1::RoutingService::CallbackService {
 public:
  RoutingServer(platform::EngineHost& host, platform::EngineDispatch& dispatch,
                platform::CallGate& gate, AgentStreams& streams, platform::BlobStore& blobs)
      : host_(host), dispatch_(dispatch), gate_(gate), streams_(streams), blobs_(blobs) {}

  grpc::ServerUnaryReactor* SetPresence(grpc::CallbackServerContext* context,
                                        const v1::SetPresenceRequest* request,
                                        v1::SetPresenceResponse* response) override;
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest* request,
                                      v1::HeartbeatResponse* response) override;
  grpc::ServerWriteReactor<v1::AgentUpdate>* WatchAgent(
      grpc::CallbackServerContext* context, const v1::WatchAgentRequest* request) override;
  grpc::ServerUnaryReactor* AcceptOffer(grpc::CallbackServerContext* context,
                                        const v1::AcceptOfferRequest* request,
                                        v1::AcceptOfferResponse* response) override;
  grpc::ServerUnaryReactor* DeclineOffer(grpc::CallbackServerContext* context,
                                         const v1::DeclineOfferRequest* request,
                                         v1::DeclineOfferResponse* response) override;
  grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context,
                                  const v1::ReplyRequest* request,
                                  v1::ReplyResponse* response) override;
  grpc::ServerUnaryReactor* AddNote(grpc::CallbackServerContext* context,
                                    const v1::AddNoteRequest* request,
                                    v1::AddNoteResponse* response) override;
  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context,
                                    const v1::ResolveRequest* request,
                                    v1::ResolveResponse* response) override;
  grpc::ServerUnaryReactor* CompleteWrapUp(grpc::CallbackServerContext* context,
                                           const v1::CompleteWrapUpRequest* request,
                                           v1::CompleteWrapUpResponse* response) override;
  grpc::ServerUnaryReactor* Abandon(grpc::CallbackServerContext* context,
                                    const v1::AbandonRequest* request,
                                    v1::AbandonResponse* response) override;
  grpc::ServerUnaryReactor* GetConversation(grpc::CallbackServerContext* context,
                                            const v1::GetConversationRequest* request,
                                            v1::GetConversationResponse* response) override;
  grpc::ServerUnaryReactor* ListConversations(grpc::CallbackServerContext* context,
                                              const v1::ListConversationsRequest* request,
                                              v1::ListConversationsResponse* response) override;
  grpc::ServerUnaryReactor* GetAgent(grpc::CallbackServerContext* context,
                                     const v1::GetAgentRequest* request,
                                     v1::GetAgentResponse* response) override;
  grpc::ServerUnaryReactor* ListAgents(grpc::CallbackServerContext* context,
                                       const v1::ListAgentsRequest* request,
                                       v1::ListAgentsResponse* response) override;
  grpc::ServerUnaryReactor* ListQueues(grpc::CallbackServerContext* context,
                                       const v1::ListQueuesRequest* request,
                                       v1::ListQueuesResponse* response) override;

 private:
  grpc::ServerWriteReactor<v1::AgentUpdate>* WatchHere(int32_t partition, platform::Call call,
                                                       const v1::WatchAgentRequest& request);

  platform::EngineHost& host_;
  platform::EngineDispatch& dispatch_;
  platform::CallGate& gate_;
  AgentStreams& streams_;
  platform::BlobStore& blobs_;
  platform::MethodLimit reply_limit_{kRepliesMax};
  platform::MethodLimit get_conversation_limit_{platform::kReadsMax};
  platform::MethodLimit list_conversations_limit_{platform::kReadsMax};
  platform::MethodLimit get_agent_limit_{platform::kReadsMax};
  platform::MethodLimit list_agents_limit_{platform::kReadsMax};
  platform::MethodLimit list_queues_limit_{platform::kReadsMax};
};

}  // namespace trama::routing
