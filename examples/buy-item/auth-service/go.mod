module auth-service

go 1.19
