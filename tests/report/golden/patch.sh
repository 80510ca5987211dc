# In-place resizes for cluster test, decided at 2026-03-02 12:00 UTC.
# 13 resizes, 2 held back.
# Pods change, templates do not: new pods start with the old sizes.
# Needs kubectl 1.32 or newer, and permission to patch pods/resize.

# rescue shop/cart-0: app cpu request 200m to 391m
kubectl --context prod patch pod cart-0 -n shop --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"391m"}}}]}}'

# rescue shop/cart-1: app cpu request 200m to 391m
kubectl --context prod patch pod cart-1 -n shop --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"391m"}}}]}}'

# grow shop/web-0: envoy memory request unset to 69Mi
kubectl --context prod patch pod web-0 -n shop --subresource resize --type strategic --patch '{"spec":{"initContainers":[{"name":"envoy","resources":{"requests":{"memory":"69Mi"}}}]}}'

# grow shop/web-1: envoy memory request unset to 69Mi
kubectl --context prod patch pod web-1 -n shop --subresource resize --type strategic --patch '{"spec":{"initContainers":[{"name":"envoy","resources":{"requests":{"memory":"69Mi"}}}]}}'

# grow shop/web-2: envoy memory request unset to 69Mi
kubectl --context prod patch pod web-2 -n shop --subresource resize --type strategic --patch '{"spec":{"initContainers":[{"name":"envoy","resources":{"requests":{"memory":"69Mi"}}}]}}'

# grow batch/idle-0: app cpu request 0 to 10m
kubectl --context prod patch pod idle-0 -n batch --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"10m"}}}]}}'

# grow batch/none-0: app cpu request unset to 10m, app memory request unset to 64Mi
#   held back, NotResizable: pod batch/none-0 is BestEffort and a resize may not change its class, lifted by requests in the workloads template

# shrink shop/web-0: app cpu request 500m to 175m, app cpu limit 1 to 350m, app memory request 1Gi to 483Mi
kubectl --context prod patch pod web-0 -n shop --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"175m","memory":"483Mi"},"limits":{"cpu":"350m"}}}]}}'

# shrink shop/web-1: app cpu request 500m to 175m, app cpu limit 1 to 350m, app memory request 1Gi to 483Mi
kubectl --context prod patch pod web-1 -n shop --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"175m","memory":"483Mi"},"limits":{"cpu":"350m"}}}]}}'

# shrink shop/web-2: app cpu request 500m to 175m, app cpu limit 1 to 350m, app memory request 1Gi to 483Mi
kubectl --context prod patch pod web-2 -n shop --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"175m","memory":"483Mi"},"limits":{"cpu":"350m"}}}]}}'

# shrink shop/queue-0: app cpu request 500m to 115m
kubectl --context prod patch pod queue-0 -n shop --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"115m"}}}]}}'

# shrink shop/queue-1: app cpu request 500m to 115m
kubectl --context prod patch pod queue-1 -n shop --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"115m"}}}]}}'

# shrink ml/llm-0: vllm cpu request 8 to 3.3, vllm cpu limit 8 to 3.3
kubectl --context prod patch pod llm-0 -n ml --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"vllm","resources":{"requests":{"cpu":"3296m"},"limits":{"cpu":"3296m"}}}]}}'

# shrink ml/llm-1: vllm cpu request 8 to 3.3, vllm cpu limit 8 to 3.3
kubectl --context prod patch pod llm-1 -n ml --subresource resize --type strategic --patch '{"spec":{"containers":[{"name":"vllm","resources":{"requests":{"cpu":"3296m"},"limits":{"cpu":"3296m"}}}]}}'

# shrink ml/young-0: app cpu request 2 to 345m, app memory request 4Gi to 690Mi
#   held back, NotEnoughHistory: app has 2 h of cpu usage, need 1 d, lifted by 22 h more

# skipped test/shop/Deployment/web/migrate, InitContainer: init containers are over before they can be sized
# skipped kube-system, NamespaceExcluded: excluded by default, name it with -n to include it
