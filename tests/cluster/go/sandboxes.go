package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// patience bounds the whole removal: longer, and the harness kills what is left.
const patience = 20 * time.Second

// removeSandboxes ends every pod of one container runtime, as the kubelet would: containers stopped, networks taken
// down, mounts undone. The argument is the runtime's socket.
func removeSandboxes(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("usage: kubernetes sandboxes unix:///path/to/containerd.sock")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	connection, err := grpc.NewClient(arguments[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := runtime.NewRuntimeServiceClient(connection)
	found, err := client.ListPodSandbox(ctx, &runtime.ListPodSandboxRequest{})
	if err != nil {
		return err
	}
	results := make(chan error)
	for _, sandbox := range found.Items {
		go func() { results <- remove(ctx, client, sandbox.Id) }()
	}
	for range found.Items {
		err = errors.Join(err, <-results)
	}
	return err
}

func remove(ctx context.Context, client runtime.RuntimeServiceClient, id string) error {
	if _, err := client.StopPodSandbox(ctx, &runtime.StopPodSandboxRequest{PodSandboxId: id}); err != nil {
		return fmt.Errorf("stop sandbox %s: %w", id, err)
	}
	if _, err := client.RemovePodSandbox(ctx, &runtime.RemovePodSandboxRequest{PodSandboxId: id}); err != nil {
		return fmt.Errorf("remove sandbox %s: %w", id, err)
	}
	return nil
}
